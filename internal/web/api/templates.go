package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/sms"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/texts"
)

func (a *API) templateRoutes() {
	const tag = "Templates"
	handle(a, http.MethodGet, "/plain-letters", op{name: "listPlainLetters", tag: tag, summary: "Which languages are written in plain letters",
		about: "Languages in use that have plain letters.", needs: access.ReadMessages}, a.listPlainLetters)
	handle(a, http.MethodPost, "/plain-letters", op{name: "setPlainLetters", warm: a.need.Texts.Warm, tag: tag, summary: "Choose plain letters for a language",
		about: "Texts by template are then written without the marks on letters (\u0105 as a), names included, where that takes fewer segments. Waiting texts are written anew.",
		needs: access.ManageTexts}, a.setPlainLetters)
	handle(a, http.MethodGet, "/templates", op{name: "listTemplates", tag: tag, summary: "List the texts by key and language",
		about: "Liquid templates; they hold no patient's facts.", needs: access.ReadMessages}, a.listTemplates)
	handle(a, http.MethodGet, "/templates/{key}", op{name: "getTemplate", tag: tag, summary: "Read a text with its versions", needs: access.ReadMessages}, a.getTemplate)
	handle(a, http.MethodGet, "/templates/{key}/versions/{version}", op{name: "getTemplateVersion", tag: tag, summary: "Read one version of a text",
		needs: access.ReadMessages}, a.getTemplateVersion)
	handle(a, http.MethodPost, "/templates/{key}", op{name: "saveTemplate", warm: a.need.Texts.Warm, tag: tag, summary: "Publish a version of a text",
		about: "It is checked in every language; the problem lists each fault with language and line. Messages that wait are written with the new words before they leave.",
		needs: access.ManageTexts}, a.saveTemplate)
	handle(a, http.MethodPost, "/templates/{key}/shipped", op{name: "revertTemplate", warm: a.need.Texts.Warm, tag: tag, summary: "Go back to the text that ships", needs: access.ManageTexts}, a.revertTemplate)
	handle(a, http.MethodPost, "/templates/{key}/preview", op{name: "previewTemplate", repeats: true, tag: tag, summary: "Check a text and write it for examples",
		about: "With people, it is also written for real patients with coming visits. Nothing is saved or sent.", needs: access.ReadPatients}, a.previewTemplate)
}

// Template is one text in its languages.
type Template struct {
	Key       string            `json:"key"`
	Version   int64             `json:"version" doc:"In force; 1 is the text that ships."`
	Own       bool              `json:"own" doc:"The organization's own words are in force."`
	Texts     map[string]string `json:"texts" doc:"Liquid by BCP 47 tag: own words over those that ship."`
	Languages []Coverage        `json:"languages" doc:"Of patients and locations, the most used first."`
	Versions  []TextVersion     `json:"versions,omitempty" doc:"Newest first; in the single answer only."`
}

// Coverage is how a language in use is served.
type Coverage struct {
	Language string `json:"language"`
	Patients int    `json:"patients" doc:"Active ones."`
	State    string `json:"state" enum:"covered,shipped,fallback,nothing"`
	Served   string `json:"served_by,omitempty" doc:"The language whose text they get."`
}

// TextVersion is one version of a text; it never changes.
type TextVersion struct {
	Version int64             `json:"version"`
	Shipped bool              `json:"shipped" doc:"The text that ships was in force."`
	Texts   map[string]string `json:"texts" doc:"Own words of this version."`
	Note    string            `json:"note,omitempty"`
	By      string            `json:"by,omitempty"`
	At      time.Time         `json:"at,omitzero"`
}

func plainTexts(v content.Variants) map[string]string {
	out := make(map[string]string, len(v))
	for l, body := range v {
		out[string(l)] = body
	}
	return out
}

func lineOf(l *texts.Line) Template {
	return Template{Key: string(l.Key), Version: l.Version, Own: l.Own, Languages: mapped(l.Languages, func(c *texts.Coverage) Coverage {
		return Coverage{string(c.Language), c.People, string(c.State), string(c.Variant)}
	})}
}

func versionOf(v *texts.Version) TextVersion {
	return TextVersion{v.Number, v.Shipped, plainTexts(v.Variants), v.Note, v.By, v.At}
}

func templateOf(t *texts.Text) Template {
	out := lineOf(&t.Line)
	out.Texts, out.Versions = plainTexts(t.InForce), mapped(t.Versions, versionOf)
	return out
}

func (a *API) listTemplates(ctx context.Context, s access.Scope, _ *nothing) (*got[List[Template]], error) {
	all, err := a.need.Texts.All(ctx, s)
	return give(List[Template]{mapped(all, func(t *texts.Text) Template {
		out := lineOf(&t.Line)
		out.Texts = plainTexts(t.InForce)
		return out
	})}, err)
}

// TemplateKey names a text.
type TemplateKey struct {
	Key string `path:"key" maxLength:"50"`
}

func (a *API) getTemplate(ctx context.Context, s access.Scope, in *TemplateKey) (*got[Template], error) {
	t, err := a.need.Texts.Read(ctx, s, content.Key(in.Key))
	return give(templateOf(&t), err)
}

type templateVersion struct {
	TemplateKey
	Version int64 `path:"version" minimum:"1"`
}

func (a *API) getTemplateVersion(ctx context.Context, s access.Scope, in *templateVersion) (*got[TextVersion], error) {
	t, err := a.need.Texts.Read(ctx, s, content.Key(in.Key))
	for i := range t.Versions {
		if t.Versions[i].Number == in.Version {
			return give(versionOf(&t.Versions[i]), nil)
		}
	}
	if err == nil {
		err = errs.New(errs.NotFound, "there is no such version")
	}
	return nil, err
}

// TemplateDraft is a text to publish.
type TemplateDraft struct {
	Base           int64             `json:"base" minimum:"1" doc:"The version that the change was made on; when it is not the newest any more the answer is a conflict. 1 for a new text."`
	Texts          map[string]string `json:"texts" doc:"Liquid by BCP 47 tag. Languages that are left out are served by the words that ship."`
	Note           string            `json:"note,omitempty" maxLength:"200" doc:"What was changed and why; nothing about a patient."`
	AcceptWarnings bool              `json:"accept_warnings,omitempty" doc:"Publish although the check warns."`
}

type templateDraft struct {
	TemplateKey
	Body TemplateDraft
}

func variantsOf(in map[string]string) content.Variants {
	out := make(content.Variants, len(in))
	for l, body := range in {
		out[content.Locale(l)] = body
	}
	return out
}

func (a *API) saveTemplate(ctx context.Context, s access.Scope, in *templateDraft) (*got[Template], error) {
	t, err := a.need.Texts.Save(ctx, s, texts.Draft{Key: content.Key(in.Key), Base: in.Body.Base, Variants: variantsOf(in.Body.Texts),
		Note: in.Body.Note, Seen: in.Body.AcceptWarnings})
	return give(templateOf(&t), err)
}

// TemplateBase names the version that is replaced.
type TemplateBase struct {
	Base int64 `json:"base" minimum:"1"`
}

type templateBase struct {
	TemplateKey
	Body TemplateBase
}

func (a *API) revertTemplate(ctx context.Context, s access.Scope, in *templateBase) (*got[Template], error) {
	t, err := a.need.Texts.Revert(ctx, s, content.Key(in.Key), in.Body.Base, "")
	return give(templateOf(&t), err)
}

// TemplateTrial is a text to look at.
type TemplateTrial struct {
	Texts  map[string]string `json:"texts"`
	People int               `json:"people,omitempty" minimum:"0" maximum:"200" doc:"How many patients with coming visits to write it for."`
}

type templateTrial struct {
	TemplateKey
	Body TemplateTrial
}

// TemplatePreview is what a text would look like.
type TemplatePreview struct {
	Findings []Finding     `json:"findings"`
	Examples []TextExample `json:"examples"`
	People   *TextPeople   `json:"people,omitempty"`
}

// Finding is one thing wrong with a text, or worth knowing.
type Finding struct {
	Code     string `json:"code"`
	Severity string `json:"severity" enum:"block,warn"`
	Language string `json:"language"`
	Line     int    `json:"line,omitempty"`
	Text     string `json:"text,omitempty" doc:"The piece of the template."`
	Twin     string `json:"twin,omitempty" doc:"What could stand there and costs less."`
	Message  string `json:"message"`
}

// TextExample is one language with invented values.
type TextExample struct {
	Language string     `json:"language"`
	Text     string     `json:"text,omitempty" doc:"Absent when it cannot be written."`
	Cost     TextCost   `json:"cost"`
	Plain    string     `json:"plain,omitempty" doc:"The same in plain letters, where that is possible."`
	PlainOn  bool       `json:"plain_on,omitempty" doc:"Plain letters are chosen for the language: patients get it so where that costs less."`
	First    *FirstText `json:"first,omitempty" doc:"As the first text to a number."`
}

// FirstText is what the first text to a number says beside its own words.
type FirstText struct {
	Line string   `json:"line,omitempty" doc:"How to get no more texts; absent when its own words say it, or nothing can be said."`
	Own  bool     `json:"own,omitempty" doc:"Its own words say how to get no more texts."`
	Cost TextCost `json:"cost" doc:"With the line."`
}

func firstOf(f *texts.First) *FirstText {
	if f == nil {
		return nil
	}
	return &FirstText{f.Line, f.Own, costOf(f.Meter)}
}

// TextCost is what a text takes.
type TextCost struct {
	Coding   string   `json:"coding,omitempty"`
	Units    int      `json:"units,omitempty"`
	Segments int      `json:"segments,omitempty"`
	Plain    int      `json:"plain_segments,omitempty" doc:"In plain letters."`
	Dear     []string `json:"dear,omitempty" doc:"Signs that force the dear coding."`
}

// TextPeople is how real patients would get it.
type TextPeople struct {
	Tried     int            `json:"tried"`
	Told      int            `json:"told,omitempty" doc:"Get the line that says how to get no more: it is their number's first."`
	Segments  map[string]int `json:"segments" doc:"Texts by the number of their segments."`
	Unwritten map[string]int `json:"unwritten" doc:"Patients without a text, by the variable that is not known; empty for want of a language."`
	Longest   *PersonText    `json:"longest,omitempty"`
	Shortest  *PersonText    `json:"shortest,omitempty"`
	Dearest   *PersonText    `json:"dearest,omitempty"`
}

// PersonText is the text of one patient.
type PersonText struct {
	Patient  id.ID    `json:"patient"`
	Language string   `json:"language"`
	Text     string   `json:"text"`
	Cost     TextCost `json:"cost"`
}

func costOf(m sms.Meter) TextCost {
	c := TextCost{Coding: string(m.Coding), Units: m.Units, Segments: m.Segments, Plain: m.PlainSegments}
	for _, g := range m.Guilty {
		if g.Effect == sms.NeedsUCS2 {
			c.Dear = append(c.Dear, string(g.Rune))
		}
	}
	return c
}

func personText(t *outbox.Tried) *PersonText {
	if t == nil {
		return nil
	}
	return &PersonText{t.Person, string(t.Locale), t.Text.Reveal(), costOf(t.Meter)}
}

func (a *API) previewTemplate(ctx context.Context, s access.Scope, in *templateTrial) (*got[TemplatePreview], error) {
	p, err := a.need.Texts.Preview(ctx, s, content.Key(in.Key), variantsOf(in.Body.Texts), in.Body.People)
	if err != nil {
		return nil, err
	}
	out := TemplatePreview{Findings: mapped(p.Findings, func(f *content.Finding) Finding {
		return Finding{string(f.Code), string(f.Severity), string(f.Locale), f.Line, f.Text, f.Twin, f.Sentence()}
	}), Examples: mapped(p.Examples, func(e *texts.Example) TextExample {
		return TextExample{string(e.Locale), e.Text.Reveal(), costOf(e.Meter), e.Plain.Reveal(), e.PlainOn, firstOf(e.First)}
	})}
	if x := p.People; x != nil {
		out.People = &TextPeople{Tried: x.Tried, Told: x.Told, Segments: map[string]int{}, Unwritten: map[string]int{}, Longest: personText(x.Longest),
			Shortest: personText(x.Shortest), Dearest: personText(x.Price)}
		for n, count := range x.Segments {
			out.People.Segments[strconv.Itoa(n)] = count
		}
		for n, count := range x.Unwritten {
			out.People.Unwritten[string(n)] = count
		}
	}
	return give(out, nil)
}
