package access

// Roles lists every role, the one that may do most first.
func Roles() []Role { return []Role{Admin, Manager, Receptionist, Viewer} }

// Allows reports whether the role may do a.
func (r Role) Allows(a Action) bool { return r == Admin || grants[r][a] }

// Actions lists everything that a use-case asks leave for.
func Actions() []Action {
	return []Action{ReadPatients, WritePatients, ReadMessages, SendMessages, ImportFiles, ReleaseHeld, ManageRoutes, ManageUsers, StopAll, ReadAudit, ManageTexts}
}
