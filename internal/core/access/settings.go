package access

// ManageSettings is leave to make and change organizations, locations and opening hours; only Admin has it.
const ManageSettings Action = "manage_settings"
