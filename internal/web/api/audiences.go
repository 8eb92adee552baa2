package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/purpose"
	audiences "carillon.dev/carillon/internal/engine/audience"
)

func (a *API) audienceRoutes() {
	const tag = "Audiences"
	handle(a, http.MethodGet, "/audiences", op{name: "listAudiences", tag: tag, summary: "List audiences by name", needs: access.ReadPatients}, a.listAudiences)
	handle(a, http.MethodPost, "/audiences", op{name: "createAudience", tag: tag, summary: "Save a rule as a new audience",
		about: "docs/audiences.md lists the words of a rule. A rule with a fault is 422 and says where.", needs: access.SendMessages, status: http.StatusCreated}, a.createAudience)
	handle(a, http.MethodGet, "/audiences/{id}", op{name: "getAudience", tag: tag, summary: "Read an audience", needs: access.ReadPatients}, a.getAudience)
	handle(a, http.MethodPost, "/audiences/{id}/versions", op{name: "saveAudience", tag: tag, summary: "Save a new version of a rule",
		about: "version is the one that you read; another is 409.", needs: access.SendMessages, status: http.StatusCreated}, a.saveAudience)
	handle(a, http.MethodGet, "/audiences/{id}/versions", op{name: "listAudienceVersions", tag: tag, summary: "List every version, newest first", needs: access.ReadPatients}, a.audienceVersions)
	handle(a, http.MethodPost, "/audiences/{id}/archive", op{name: "archiveAudience", tag: tag, summary: "Take an audience off the list", needs: access.SendMessages}, a.archiveAudience)
	handle(a, http.MethodPost, "/audience-lists", op{name: "uploadAudience", repeats: true, tag: tag, summary: "Keep a list of patients as an audience",
		about: "Each item names a patient by the source's id, the record number or a phone number. Items that match nobody are named in the answer.",
		needs: access.ImportFiles, status: http.StatusCreated, limit: bulkBody}, a.uploadAudience)
	handle(a, http.MethodPost, "/audiences/{id}/counts", op{name: "countAudience", repeats: true, tag: tag, summary: "Count an audience",
		about: "It goes on after the answer: read the count until its state is counted.", needs: access.ReadPatients, status: http.StatusAccepted}, a.countAudience)
	handle(a, http.MethodPost, "/audience-counts", op{name: "countRule", repeats: true, tag: tag, summary: "Count a rule that is not saved",
		about: "It goes on after the answer: read the count until its state is counted.", needs: access.ReadPatients, status: http.StatusAccepted}, a.countRule)
	handle(a, http.MethodGet, "/audience-counts/{id}", op{name: "getAudienceCount", tag: tag, summary: "Read a count: its progress and what it found", needs: access.ReadPatients}, a.getCount)
	handle(a, http.MethodPost, "/audience-counts/{id}/cancel", op{name: "cancelAudienceCount", tag: tag, summary: "Stop a count", needs: access.ReadPatients}, a.cancelCount)
	handle(a, http.MethodPost, "/audience-counts/{id}/sample", op{name: "sampleAudience", repeats: true, tag: tag, summary: "Some of the people that a count found",
		about: "With what would become of a text to each of them now.", needs: access.ReadPatients}, a.sampleCount)
	handle(a, http.MethodPost, "/audiences/{id}/calls", op{name: "callAudience", repeats: true, tag: tag, summary: "Put on the call list whom no text reaches",
		about: "Who stands there for this audience already is not added twice.", needs: access.SendMessages}, a.callAudience)
	handle(a, http.MethodPost, "/audiences/{id}/letters", op{name: "letterAudience", streams: true, tag: tag, summary: "Whom a letter reaches, as CSV for mail merge",
		needs: access.SendMessages, content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}}}, a.letterAudience)
}

// Audience is one version of a saved audience.
type Audience struct {
	ID        id.ID     `json:"id"`
	Version   int64     `json:"version"`
	Name      string    `json:"name"`
	Kind      string    `json:"kind" enum:"rule,list"`
	Rule      string    `json:"rule,omitempty"`
	Purpose   string    `json:"purpose"`
	Size      int       `json:"size,omitempty" doc:"Patients of a list."`
	Archived  bool      `json:"archived"`
	CreatedAt time.Time `json:"created_at" doc:"Of this version."`
}

func audienceOf(a *audience.Audience) Audience {
	return Audience{ID: a.ID, Version: a.Version, Name: a.Name, Kind: string(a.Kind), Rule: a.Rule, Purpose: string(a.Purpose), Size: a.Size,
		Archived: a.Archived, CreatedAt: a.CreatedAt}
}

// AudienceRule is what is saved of a rule.
type AudienceRule struct {
	Name    string `json:"name" minLength:"1" maxLength:"120"`
	Rule    string `json:"rule" minLength:"1" maxLength:"8192" example:"age >= 50 && sex == \"female\""`
	Purpose string `json:"purpose" maxLength:"40" doc:"What the audience is for: the gate's answer depends on it."`
}

// AudienceVersion is a new version of a rule.
type AudienceVersion struct {
	AudienceRule
	Version int64 `json:"version" minimum:"1" doc:"The version that you read."`
}

type (
	newAudience   struct{ Body AudienceRule }
	savedAudience struct {
		One
		Body AudienceVersion
	}
	audienceVersionOf struct {
		One
		Version int64 `query:"version" minimum:"0" doc:"The newest when left out."`
	}
)

func (a *API) listAudiences(ctx context.Context, s access.Scope, _ *nothing) (*got[List[Audience]], error) {
	all, err := a.need.Audiences.List(ctx, s)
	return give(List[Audience]{mapped(all, audienceOf)}, err)
}

func (a *API) createAudience(ctx context.Context, s access.Scope, in *newAudience) (*got[Audience], error) {
	b := &in.Body
	kept, err := a.need.Audiences.Save(ctx, s, audience.Audience{Name: b.Name, Rule: b.Rule, Purpose: purpose.Purpose(b.Purpose)})
	return give(audienceOf(&kept), err)
}

func (a *API) getAudience(ctx context.Context, s access.Scope, in *audienceVersionOf) (*got[Audience], error) {
	found, err := a.need.Audiences.Get(ctx, s, in.ID, in.Version)
	return give(audienceOf(&found), err)
}

func (a *API) saveAudience(ctx context.Context, s access.Scope, in *savedAudience) (*got[Audience], error) {
	b := &in.Body
	kept, err := a.need.Audiences.Save(ctx, s, audience.Audience{ID: in.ID, Version: b.Version, Name: b.Name, Rule: b.Rule, Purpose: purpose.Purpose(b.Purpose)})
	return give(audienceOf(&kept), err)
}

func (a *API) audienceVersions(ctx context.Context, s access.Scope, in *One) (*got[List[Audience]], error) {
	all, _, err := a.need.Audiences.Versions(ctx, s, in.ID)
	return give(List[Audience]{mapped(all, audienceOf)}, err)
}

func (a *API) archiveAudience(ctx context.Context, s access.Scope, in *One) (*bare, error) {
	return done(a.need.Audiences.Archive(ctx, s, in.ID))
}

// AudienceList is a list of patients.
type AudienceList struct {
	Audience id.ID          `json:"audience,omitzero" doc:"The list that this is a new version of; a new one when left out."`
	Version  int64          `json:"version,omitempty" minimum:"0" doc:"The version that you read, of a list that exists."`
	Name     string         `json:"name" minLength:"1" maxLength:"120"`
	Purpose  string         `json:"purpose" maxLength:"40"`
	Items    []AudienceItem `json:"items" minItems:"1" maxItems:"50000"`
}

// AudienceItem names one patient; the first that is given and known decides.
type AudienceItem struct {
	ExternalID string `json:"external_id,omitempty" maxLength:"200"`
	MRN        string `json:"mrn,omitempty" maxLength:"100"`
	Number     string `json:"number,omitempty" maxLength:"40"`
}

// AudienceUploaded is what became of a list.
type AudienceUploaded struct {
	Audience  Audience            `json:"audience"`
	Patients  int                 `json:"patients" doc:"Different patients."`
	Unmatched []AudienceUnmatched `json:"unmatched"`
}

// AudienceUnmatched is an item that names nobody, or not one patient alone.
type AudienceUnmatched struct {
	Item int    `json:"item" doc:"Its place in items, from 0."`
	Why  string `json:"why" enum:"nobody,several,bad_number,empty"`
}

type newList struct{ Body AudienceList }

func (a *API) uploadAudience(ctx context.Context, s access.Scope, in *newList) (*got[AudienceUploaded], error) {
	b := &in.Body
	refs := make([]audiences.Ref, len(b.Items))
	for i, x := range b.Items {
		refs[i] = audiences.Ref{Line: i, ExternalID: phi.T(x.ExternalID), MRN: phi.T(x.MRN), Number: phi.T(x.Number)}
	}
	up, err := a.need.Audiences.Upload(ctx, s, audiences.Upload{Refs: refs, Request: attemptOf(ctx),
		Audience: audience.Audience{ID: b.Audience, Version: b.Version, Name: b.Name, Purpose: purpose.Purpose(b.Purpose)}})
	return give(AudienceUploaded{Audience: audienceOf(&up.Audience), Patients: up.People,
		Unmatched: mapped(up.Unmatched, func(u *audiences.Unmatched) AudienceUnmatched { return AudienceUnmatched{u.Line, u.Why} })}, err)
}

// Added says how many rows were added.
type Added struct {
	Calls int `json:"calls" doc:"People on the call list for this audience, those who stood there before included."`
}

func (a *API) callAudience(ctx context.Context, s access.Scope, in *One) (*got[Added], error) {
	n, err := a.need.Audiences.Calls(ctx, s, in.ID)
	return give(Added{n}, err)
}

// letterAudience streams the file; a fault in the middle breaks the download off, so that nobody takes a part for all.
func (a *API) letterAudience(ctx context.Context, s access.Scope, in *One) (*huma.StreamResponse, error) {
	if _, err := a.need.Audiences.Get(ctx, s, in.ID, 0); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		out := &download{to: hc, name: "letters.csv"}
		_, err := a.need.Audiences.Letters(hc.Context(), s, in.ID, out)
		if err == nil {
			return
		}
		p := a.failed(hc.Context(), Route{Name: "letterAudience"}, err)
		if out.begun {
			panic(http.ErrAbortHandler)
		}
		hc.SetHeader("Content-Type", "application/problem+json")
		hc.SetStatus(p.Status)
		_ = json.NewEncoder(hc.BodyWriter()).Encode(p) // the caller may have left
	}}, nil
}

// download begins a CSV file with its first bytes.
type download struct {
	to    huma.Context
	name  string
	begun bool
}

// Write sends a part of the file.
func (d *download) Write(b []byte) (int, error) {
	if !d.begun {
		d.begun = true
		d.to.SetHeader("Content-Type", "text/csv; charset=utf-8")
		d.to.SetHeader("Content-Disposition", `attachment; filename="`+d.name+`"`)
		d.to.SetStatus(http.StatusOK)
	}
	return d.to.BodyWriter().Write(b)
}
