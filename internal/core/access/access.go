// Package access says who acts and for whom: the actor of every use-case and the scope of every query.
// Their fields cannot be set from outside, so a scope exists only where one of these constructors was
// called; the architecture test lists who may call them (authentication, jobs, the carrier's door).
// It refuses to decide what a role may do with a patient's row: that is Allows, asked by the use-cases.
package access

import "carillon.dev/carillon/internal/base/id"

// ActorKind is the kind of thing that acts. It is stored in audit rows.
type ActorKind string

const (
	User    ActorKind = "user"    // a person who logged in
	Key     ActorKind = "key"     // an API key
	Job     ActorKind = "job"     // the engine itself: sweep, timer, import worker
	Carrier ActorKind = "carrier" // something that came in by a carrier: a reply, a receipt
	Command ActorKind = "command" // somebody at the machine's own shell
)

// Actor is who acts. The zero Actor acts for nobody and is refused by every use-case.
type Actor struct {
	kind ActorKind
	id   id.ID  // user or key; zero for the others
	name string // job or command name: an enum, never a person's name
}

// Kind is the kind of the actor.
func (a Actor) Kind() ActorKind { return a.kind }

// ID is the user's or key's id, zero for jobs, carriers and commands.
func (a Actor) ID() id.ID { return a.id }

// Name is the job's or command's name, empty for users and keys.
func (a Actor) Name() string { return a.name }

// IsZero reports whether nobody acts.
func (a Actor) IsZero() bool { return a.kind == "" }

// Role is what a staff user or key may do; roles get finer later, the use-cases already ask.
type Role string

const (
	Admin        Role = "admin"
	Manager      Role = "manager"
	Receptionist Role = "receptionist"
	Viewer       Role = "viewer"
)

// Scope is one organization seen by one actor. Every query takes one.
type Scope struct {
	org    id.ID
	actor  Actor
	role   Role
	system bool
}

// ForUser is the scope of a logged-in person. Only engine/login makes it.
func ForUser(org, user id.ID, role Role) Scope {
	return Scope{org: org, actor: Actor{kind: User, id: user}, role: role}
}

// ForKey is the scope of an API key. Only engine/login makes it.
func ForKey(org, key id.ID, role Role) Scope {
	return Scope{org: org, actor: Actor{kind: Key, id: key}, role: role}
}

// ForJob is the scope of the engine's own work within one organization.
func ForJob(org id.ID, job string) Scope {
	return Scope{org: org, actor: Actor{kind: Job, name: job}, role: Admin}
}

// ForCarrier is the scope of what a carrier brought for one organization.
func ForCarrier(org id.ID, route string) Scope {
	return Scope{org: org, actor: Actor{kind: Carrier, name: route}, role: Admin}
}

// ForCommand is the scope of a command at the machine's shell.
func ForCommand(org id.ID, command string) Scope {
	return Scope{org: org, actor: Actor{kind: Command, name: command}, role: Admin}
}

// System is the scope of work that crosses organizations: the sender loop of a shared route, sweeps,
// migrations. It names no organization; a store method that needs one refuses it.
func System(job string) Scope {
	return Scope{actor: Actor{kind: Job, name: job}, role: Admin, system: true}
}

// Within narrows a system scope to one organization; any other scope keeps its own.
func (s Scope) Within(org id.ID) Scope {
	if s.system {
		s.org, s.system = org, false
	}
	return s
}

// Org is the organization; zero for a system scope.
func (s Scope) Org() id.ID { return s.org }

// Actor is who acts.
func (s Scope) Actor() Actor { return s.actor }

// Role is the actor's role.
func (s Scope) Role() Role { return s.role }

// IsSystem reports whether the scope crosses organizations.
func (s Scope) IsSystem() bool { return s.system }

// IsZero reports whether nobody made this scope: every use-case and query refuses it.
func (s Scope) IsZero() bool { return s.actor.IsZero() }

// Action is something a use-case asks leave for.
type Action string

const (
	ReadPatients  Action = "read_patients"
	WritePatients Action = "write_patients"
	ReadMessages  Action = "read_messages"
	SendMessages  Action = "send_messages"
	ImportFiles   Action = "import_files"
	ReleaseHeld   Action = "release_held"
	ManageRoutes  Action = "manage_routes"
	ManageUsers   Action = "manage_users"
	StopAll       Action = "stop_all"
	ReadAudit     Action = "read_audit"
	ManageTexts   Action = "manage_texts" // texts and journeys
)

// grants lists what each role may do; Admin may do everything.
var grants = map[Role]map[Action]bool{
	Manager: {ReadPatients: true, WritePatients: true, ReadMessages: true, SendMessages: true,
		ImportFiles: true, ReleaseHeld: true, StopAll: true, ReadAudit: true, ManageTexts: true},
	Receptionist: {ReadPatients: true, WritePatients: true, ReadMessages: true, SendMessages: true,
		ImportFiles: true, StopAll: true},
	Viewer: {ReadPatients: true, ReadMessages: true},
}

// Allows reports whether the scope's role may do a. A zero scope may do nothing.
func (s Scope) Allows(a Action) bool {
	if s.IsZero() {
		return false
	}
	return s.role == Admin || grants[s.role][a]
}
