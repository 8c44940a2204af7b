"""From texts and conversations to token rows: templates, masks, the mix, packing. No Django in it."""
