// The chooser of a matchup's competitors: shows those of the chosen campaign only, and weights only where they are used.
// Without this script everything is shown, and the server refuses what does not belong together.

const table = document.querySelector("[data-arena-entries]");
const campaign = document.querySelector("select[name=campaign]");
const policy = document.querySelector("select[name=pairing_policy]");

function showCampaign() {
  let shown = 0;
  for (const row of table.querySelectorAll("[data-arena-campaign]")) {
    row.hidden = row.dataset.arenaCampaign !== campaign.value;
    const box = row.querySelector("input[type=checkbox]");
    // A box that nobody sees must not be sent.
    if (box) box.disabled = row.hidden;
    if (!row.hidden) shown += 1;
  }
  const none = table.querySelector("[data-arena-none]");
  if (none) none.hidden = shown > 0;
}

function showWeights() {
  const used = policy.value === "weighted";
  for (const input of table.querySelectorAll("[data-arena-weight]")) input.readOnly = !used;
  table.classList.toggle("entries-unweighted", !used);
}

if (table && campaign) {
  campaign.addEventListener("change", showCampaign);
  showCampaign();
}
if (table && policy) {
  policy.addEventListener("change", showWeights);
  showWeights();
}
