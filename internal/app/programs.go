package app

import (
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/exchange"
	"carillon.dev/carillon/internal/engine/inbox"
	"carillon.dev/carillon/internal/engine/settings"
	"carillon.dev/carillon/internal/web/api"
)

// programs is the door for programs. secure says that they come by TLS.
func (n *Node) programs(secure bool) (*api.API, error) {
	return api.New(api.Needs{Login: n.Login, Desk: desk.New(n.Store, n.dispatcher), Record: n.Record, Inbox: n.Inbox,
		Meanings: inbox.NewMeanings(n.Store, n.Record, n.Suppressed), Imports: n.Intake, Explain: n.Explain, Plan: n.planner, Texts: n.Texts,
		Switch: n.Board, SelfTest: n.SelfTest, Settings: settings.New(n.Store), Exchange: exchange.New(n.Store, n.Machine),
		Audiences: n.Audiences, Routes: n.Routes}, n.Log, api.Options{Secure: secure})
}
