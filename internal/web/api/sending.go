package api

import (
	"context"
	"net/http"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/engine/desk"
)

func (a *API) sendingRoutes() {
	const tag = "Sending"
	handle(a, http.MethodGet, "/sending", op{name: "getSending", tag: tag, summary: "Whether texts leave now", needs: access.ReadMessages}, a.sending)
	handle(a, http.MethodPost, "/sending/stop", op{name: "stopSending", repeats: true, tag: tag, summary: "Stop all sending of the organization",
		about: "Nothing more is handed over, within a second on every node and until somebody resumes.", needs: access.StopAll}, a.stop)
	handle(a, http.MethodPost, "/sending/resume", op{name: "resumeSending", repeats: true, tag: tag, summary: "Let texts leave again",
		about: "What waited is decided again before it leaves.", needs: access.StopAll}, a.resume)
}

// Sending says whether texts leave.
type Sending struct {
	Halted string    `json:"halted,omitempty" enum:"stopped,stopped_all,restored_copy" doc:"Why nothing leaves; absent when texts leave."`
	Since  time.Time `json:"since,omitzero"`
}

func (a *API) sending(ctx context.Context, s access.Scope, _ *nothing) (*got[Sending], error) {
	around, err := a.need.Desk.Around(ctx, s)
	return give(Sending{Halted: string(around.Halted), Since: around.Since}, err)
}

func (a *API) stop(ctx context.Context, s access.Scope, _ *nothing) (*bare, error) {
	return done(a.need.Switch.StopAll(ctx, s))
}

func (a *API) resume(ctx context.Context, s access.Scope, _ *nothing) (*bare, error) {
	return done(a.need.Switch.Resume(ctx, s))
}

func (a *API) taskRoutes() {
	const tag = "Tasks"
	handle(a, http.MethodGet, "/tasks", op{name: "listTasks", tag: tag, summary: "What waits for a person, oldest first", needs: access.ReadPatients}, a.listTasks)
	handle(a, http.MethodPost, "/tasks/{id}/complete", op{name: "completeTask", tag: tag, summary: "End a task", needs: access.WritePatients}, a.completeTask)
}

// Task is something a person must do.
type Task struct {
	ID           id.ID      `json:"id"`
	Kind         string     `json:"kind" enum:"call,cancel_visit,move_visit,check_number,check_opt_out,answer,read_text,release"`
	Reason       string     `json:"reason,omitempty"`
	Urgent       bool       `json:"urgent"`
	Patient      id.ID      `json:"patient,omitzero"`
	Contact      id.ID      `json:"contact,omitzero"`
	Location     id.ID      `json:"location,omitzero"`
	Appointment  id.ID      `json:"appointment,omitzero"`
	Message      id.ID      `json:"message,omitzero"`
	Conversation id.ID      `json:"conversation,omitzero"`
	CreatedAt    time.Time  `json:"created_at"`
	DueAt        time.Time  `json:"due_at"`
	DoneAt       *time.Time `json:"done_at,omitempty"`
	DoneBy       id.ID      `json:"done_by,omitzero"`
	Outcome      string     `json:"outcome,omitempty"`
	Note         string     `json:"note,omitempty"`
}

func taskOf(t *conversation.Task) Task {
	return Task{ID: t.ID, Kind: string(t.Kind), Reason: t.Reason, Urgent: t.Urgent, Patient: t.Person, Contact: t.Point, Location: t.Location,
		Appointment: t.Appointment, Message: t.Message, Conversation: t.Conversation, CreatedAt: t.CreatedAt, DueAt: t.DueAt, DoneAt: t.DoneAt,
		DoneBy: t.DoneBy, Outcome: string(t.Outcome), Note: t.Note.Reveal()}
}

type tasksOf struct {
	Paging
	Kind     string `query:"kind" enum:"call,cancel_visit,move_visit,check_number,check_opt_out,answer,read_text,release"`
	Location id.ID  `query:"location"`
	Patient  id.ID  `query:"patient"`
	Done     bool   `query:"done" doc:"Ended ones instead of open ones."`
}

func (a *API) listTasks(ctx context.Context, s access.Scope, in *tasksOf) (*got[Page[Task]], error) {
	f := desk.TaskList{Kind: conversation.TaskKind(in.Kind), Location: in.Location, Person: in.Patient, Done: in.Done}
	return paged(ctx, a, s, listName("tasks", in.Kind, in.Location, in.Patient, in.Done), in.Paging, taskOf,
		func(after id.ID) ([]conversation.Task, id.ID, error) {
			return a.need.Desk.Tasks(ctx, s, f, desk.Span{After: after, Limit: in.Limit})
		})
}

// Done is how a task ended.
type Done struct {
	Outcome string `json:"outcome" enum:"reached,not_reached,left_word,done,not_needed"`
	Note    string `json:"note,omitempty" maxLength:"2000"`
}

type doneTask struct {
	One
	Body Done
}

func (a *API) completeTask(ctx context.Context, s access.Scope, in *doneTask) (*bare, error) {
	return done(a.need.Record.CompleteTask(ctx, s, in.ID, conversation.TaskOutcome(in.Body.Outcome), phi.T(in.Body.Note)))
}

func (a *API) auditRoutes() {
	handle(a, http.MethodGet, "/audit", op{name: "listAudit", tag: "Audit", summary: "What was done, newest first", needs: access.ReadAudit}, a.listAudit)
}

// Audit is one line of the audit log; it holds ids and enums only.
type Audit struct {
	ID     id.ID     `json:"id"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor" enum:"user,key,job,carrier,command"`
	By     id.ID     `json:"by,omitzero"`
	Name   string    `json:"name,omitempty" doc:"Of the job or command."`
	Action string    `json:"action"`
	Kind   string    `json:"kind"`
	Object id.ID     `json:"object,omitzero"`
	Detail string    `json:"detail,omitempty"`
}

func (a *API) listAudit(ctx context.Context, s access.Scope, in *Paging) (*got[Page[Audit]], error) {
	return paged(ctx, a, s, "audit", *in, func(e *audit.Event) Audit {
		return Audit{ID: e.ID, At: e.At, Actor: string(e.Actor), By: e.By, Name: e.Name, Action: e.Action, Kind: e.Kind, Object: e.Object, Detail: e.Detail}
	}, func(after id.ID) ([]audit.Event, id.ID, error) {
		return a.need.Desk.AuditLog(ctx, s, desk.Span{After: after, Limit: in.Limit})
	})
}
