package api

import (
	"context"

	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/texts"
)

// PlainLetters is what is chosen for a language.
type PlainLetters struct {
	Language string `json:"language" minLength:"2" maxLength:"35" doc:"BCP 47; the choice is for the language in every country's form."`
	On       bool   `json:"on"`
}

type plainBody struct{ Body PlainLetters }

func (a *API) listPlainLetters(ctx context.Context, s access.Scope, _ *nothing) (*got[List[PlainLetters]], error) {
	all, err := a.need.Texts.PlainLetters(ctx, s)
	return give(List[PlainLetters]{mapped(all, func(p *texts.PlainLetters) PlainLetters {
		return PlainLetters{string(p.Language), p.On}
	})}, err)
}

func (a *API) setPlainLetters(ctx context.Context, s access.Scope, in *plainBody) (*bare, error) {
	return done(a.need.Texts.SetPlainLetters(ctx, s, in.Body.Language, in.Body.On))
}
