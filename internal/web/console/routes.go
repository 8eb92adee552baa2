package console

import (
	"net/http"
	"slices"

	"carillon.dev/carillon/internal/core/access"
)

// route is one page or form of somebody who is logged in.
type route struct {
	pattern string
	active  string        // the menu item it belongs to
	needs   access.Action // what the reader must be allowed; empty is nothing
	handle  func(w http.ResponseWriter, r *http.Request, p *Page)
}

// openRoutes are for readers who are not logged in.
func (c *Console) openRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /login", c.loginForm)
	mux.HandleFunc("POST /login", c.loginSubmit)
	mux.HandleFunc("POST /logout", c.logout)
	mux.HandleFunc("GET /setup/{token}", c.setupForm)
	mux.HandleFunc("POST /setup/{token}", c.setupSubmit)
	mux.HandleFunc("POST /language", c.chooseLanguage)
	mux.HandleFunc("GET /live", c.live)
}

// routes are the pages and forms behind the log-in, in the order of the menu.
func (c *Console) routes() []route {
	return append([]route{
		{"GET /{$}", "today", access.ReadPatients, c.today},
		{"GET /inbox", "inbox", access.ReadMessages, c.inbox},
		{"GET /inbox/{id}", "inbox", access.ReadMessages, c.thread},
		{"POST /inbox/{id}/claim", "inbox", access.SendMessages, c.claimThread},
		{"POST /inbox/{id}/close", "inbox", access.SendMessages, c.closeThread},
		{"POST /inbox/{id}/reply", "inbox", access.SendMessages, c.replyThread},
		{"POST /inbox/{id}/preview", "inbox", access.SendMessages, c.meter},
		{"POST /inbox/{id}/meant", "inbox", access.WritePatients, c.meant},
		{"GET /messages", "messages", access.ReadMessages, c.messages},
		{"GET /messages/{id}", "messages", access.ReadMessages, c.message},
		{"POST /messages/{id}/now", "messages", access.ReadMessages, c.messageNow},
		{"GET /patients", "patients", access.ReadPatients, c.patients},
		{"POST /patients", "patients", access.ReadPatients, c.searchPatients},
		{"GET /patients/{id}", "patients", access.ReadPatients, c.patient},
		{"POST /patients/{id}/text", "patients", access.SendMessages, c.writeTo},
		{"POST /patients/{id}/consent", "patients", access.WritePatients, c.recordConsent},
		{"POST /patients/{id}/consent-text", "patients", access.WritePatients, c.consentText},
		{"POST /patients/{id}/opt-out", "patients", access.WritePatients, c.optOut},
		{"POST /patients/{id}/number-checked", "patients", access.WritePatients, c.numberChecked},
		{"POST /patients/{id}/numbers", "patients", access.WritePatients, c.addNumber},
		{"POST /patients/{id}/numbers/remove", "patients", access.WritePatients, c.removeNumber},
		{"POST /patients/{id}/visits", "patients", access.WritePatients, c.bookVisit},
		{"POST /patients/{id}/visits/{visit}/move", "patients", access.WritePatients, c.moveVisit},
		{"POST /patients/{id}/visits/{visit}/cancel", "patients", access.WritePatients, c.cancelVisit},
		{"POST /patients/{id}/deceased", "patients", access.WritePatients, c.deceased},
		{"POST /patients/{id}/alive", "patients", access.WritePatients, c.alive},
		{"GET /calls", "calls", access.ReadPatients, c.calls},
		{"POST /calls/{id}", "calls", access.WritePatients, c.endCall},
		{"GET /due", "due", access.ReadMessages, c.due},
		{"GET /journeys", "journeys", access.ReadMessages, c.journeys},
		{"GET /imports", "imports", access.ReadPatients, c.imports},
		{"POST /imports", "imports", access.ImportFiles, c.upload},
		{"GET /imports/{id}", "imports", access.ReadPatients, c.oneImport},
		{"GET /imports/{id}/report", "imports", access.ImportFiles, c.importReport},
		{"POST /imports/{id}/check", "imports", access.ImportFiles, c.checkImport},
		{"POST /imports/{id}/apply", "imports", access.ImportFiles, c.applyImport},
		{"POST /imports/{id}/release", "imports", access.ReleaseHeld, c.releaseImport},
		{"POST /imports/{id}/undo", "imports", access.ReleaseHeld, c.undoImport},
		{"GET /carriers", "carriers", access.ReadMessages, c.carriers},
		{"GET /carriers/{id}/edit", "carriers", access.ManageRoutes, c.editCarrier},
		{"POST /carriers/{id}", "carriers", access.ManageRoutes, c.saveCarrier},
		{"POST /carriers/{id}/senders/{sender}", "carriers", access.ManageRoutes, c.saveSender},
		{"POST /carriers/{id}/state", "carriers", access.StopAll, c.setRoute},
		{"POST /carriers/{id}/guests", "carriers", access.ManageRoutes, c.setGuests},
		{"POST /carriers/{id}/test", "carriers", access.ManageRoutes, c.setTest},
		{"POST /carriers/{id}/test/run", "carriers", access.SendMessages, c.runTest},
		{"GET /stop", "", access.StopAll, c.stopForm},
		{"POST /stop", "", access.StopAll, c.stop},
		{"POST /resume", "", access.StopAll, c.resume},
		{"POST /theme", "", "", c.chooseTheme},
		{"POST /site", "", "", c.chooseSite},
	}, slices.Concat(c.wordingRoutes(), c.audienceRoutes(), c.settingsRoutes())...)
}

// wordingRoutes are those of what is said and when.
func (c *Console) wordingRoutes() []route {
	return []route{
		{"GET /texts", "texts", access.ReadMessages, c.texts},
		{"POST /texts", "texts", access.ManageTexts, c.newText},
		{"POST /plain-letters", "texts", access.ManageTexts, c.plainLetters},
		{"GET /texts/{key}", "texts", access.ReadMessages, c.text},
		{"POST /texts/{key}", "texts", access.ManageTexts, c.saveText},
		{"POST /texts/{key}/preview", "texts", access.ReadMessages, c.previewText},
		{"POST /texts/{key}/shipped", "texts", access.ManageTexts, c.revertText},
		{"GET /texts/{key}/versions/{n}", "texts", access.ReadMessages, c.textVersion},
		{"GET /journeys/{key}", "journeys", access.ReadMessages, c.journey},
		{"POST /journeys/{key}", "journeys", access.ManageTexts, c.saveJourney},
		{"POST /journeys/{key}/steps", "journeys", access.ManageTexts, c.changeSteps},
		{"POST /journeys/{key}/check", "journeys", access.ReadMessages, c.checkJourney},
		{"GET /journeys/{key}/versions/{n}", "journeys", access.ReadMessages, c.journeyVersion},
	}
}

// audienceRoutes are the pages and forms of audiences.
func (c *Console) audienceRoutes() []route {
	return []route{
		{"GET /audiences", "audiences", access.ReadPatients, c.audiences},
		{"POST /audiences", "audiences", access.SendMessages, c.saveAudience},
		{"GET /audiences/new", "audiences", access.SendMessages, c.newAudience},
		{"POST /audiences/form", "audiences", access.SendMessages, c.changeBuilder},
		{"GET /audiences/{id}", "audiences", access.ReadPatients, c.audience},
		{"GET /audiences/{id}/edit", "audiences", access.SendMessages, c.editAudience},
		{"POST /audiences/{id}/count", "audiences", access.ReadPatients, c.countAudience},
		{"POST /audiences/{id}/calls", "audiences", access.SendMessages, c.callAudience},
		{"POST /audiences/{id}/letters", "audiences", access.SendMessages, c.letters},
		{"POST /audiences/{id}/archive", "audiences", access.SendMessages, c.archiveAudience},
		{"POST /audience-lists", "audiences", access.ImportFiles, c.uploadList},
		{"POST /audience-counts", "audiences", access.ReadPatients, c.countRule},
		{"GET /audience-counts/{id}", "audiences", access.ReadPatients, c.audienceCount},
		{"POST /audience-counts/{id}/cancel", "audiences", access.ReadPatients, c.cancelCount},
		{"POST /audience-counts/{id}/again", "audiences", access.ReadPatients, c.repeatCount},
		{"POST /audience-counts/{id}/people", "audiences", access.ReadPatients, c.samplePeople},
	}
}

// settingsRoutes are the pages and forms of the organization, its sites and who may come in.
func (c *Console) settingsRoutes() []route {
	return []route{
		{"GET /settings", "settings", "", c.settings},
		{"POST /settings/users", "settings", access.ManageUsers, c.addUser},
		{"POST /settings/users/{id}/password", "settings", access.ManageUsers, c.setPassword},
		{"POST /settings/password", "settings", "", c.changePassword},
		{"POST /settings/users/{id}", "settings", access.ManageUsers, c.switchUser},
		{"POST /settings/organization", "settings", access.ManageSettings, c.changeOrganization},
		{"GET /settings/sites/{id}", "settings", access.ManageSettings, c.site},
		{"POST /settings/sites/{id}", "settings", access.ManageSettings, c.saveSite},
		{"POST /settings/sites/{id}/hours", "settings", access.ManageSettings, c.saveHours},
		{"POST /settings/budget", "settings", access.ManageSettings, c.setBudget},
		{"POST /settings/keys", "settings", access.ManageUsers, c.addKey},
		{"POST /settings/keys/{id}/revoke", "settings", access.ManageUsers, c.revokeKey},
	}
}
