"""Files of battles: ours, and the public HiTZ/ebaluatoia data set's. No Django, no database."""
