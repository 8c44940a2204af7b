node=${SLURMD_NODENAME:-$(hostname)}
loading=$(mktemp)
IFS=, read -ra gpus <<<"${CUDA_VISIBLE_DEVICES-}"

report() { # NAME PORT STATE TRY CODE: in one step, so that nobody reads half of it
    printf '{"address": "%s", "port": %d, "state": "%s", "try": %d, "code": %d}\n' "$node" "$2" "$3" "$4" "$5" \
        >"$run/servers/.$1.new" && mv "$run/servers/.$1.new" "$run/servers/$1.json"
}

listens() { # PORT
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

chosen() { # 0,2: what CUDA calls the first and the third GPU of this job
    local index names=()
    for index in ${1//,/ }; do names+=("${gpus[index]}"); done
    (IFS=, && echo "${names[*]}")
}

keep() { # NAME PORT GPUS COMMAND…: runs a server, and starts it again up to five times
    local name=$1 port=$2 tries=0 code=0 started visible pid
    visible=$(chosen "$3")
    shift 3
    while true; do
        {
            # One after the other: vLLM measures the free memory while it loads.
            flock 9
            started=$SECONDS
            report "$name" "$port" starting "$tries" "$code"
            CUDA_VISIBLE_DEVICES=$visible "$@" >>"$run/log/vllm-$name.log" 2>&1 9>&- &
            pid=$!
            until listens "$port" || ! kill -0 "$pid" 2>/dev/null; do
                ((SECONDS - started < 900)) || kill "$pid"
                sleep 1
            done
        } 9>"$loading"
        wait "$pid"
        code=$?
        # A server that ran for ten minutes has its earlier deaths forgotten.
        ((SECONDS - started < 600)) || tries=0
        ((++tries <= 5)) || break
        report "$name" "$port" died "$tries" "$code"
        sleep $((2 ** tries))
    done
    report "$name" "$port" "given up" "$tries" "$code"
}
