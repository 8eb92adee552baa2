package console

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	routes "carillon.dev/carillon/internal/engine/route"
)

// carrierEdit is a carrier's settings with what its form holds; a password is never in it.
type carrierEdit struct {
	Now    routes.Settings
	Form   carrierForm
	Errors fieldErrors
}

// carrierForm is what was typed.
type carrierForm struct {
	Name, Rate, Rank, Host, Port, SystemID string
	TLS                                    bool
}

func carrierPath(route id.ID) string { return "/carriers/" + route.String() }

func (c *Console) carrierOf(r *http.Request, p *Page) (v carrierEdit, err error) {
	at, err := pathID(r, "id")
	if err != nil {
		return v, err
	}
	v.Now, err = c.need.Routes.Settings(r.Context(), p.Scope, at)
	l := v.Now.Line
	v.Form = carrierForm{Name: v.Now.Name, Rate: strconv.Itoa(v.Now.Rate), Rank: strconv.Itoa(v.Now.Rank), Host: l.Host, Port: strconv.Itoa(l.Port),
		SystemID: l.SystemID, TLS: l.TLS}
	return v, err
}

// editCarrier shows a carrier's settings.
func (c *Console) editCarrier(w http.ResponseWriter, r *http.Request, p *Page) {
	v, err := c.carrierOf(r, p)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, http.StatusOK, carrierEditPage(p, v))
}

// saveCarrier changes a carrier's settings; an empty password stays as it is.
func (c *Console) saveCarrier(w http.ResponseWriter, r *http.Request, p *Page) {
	v, err := c.carrierOf(r, p)
	if err == nil {
		err = c.smallForm(w, r)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	typed := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	v.Form = carrierForm{Name: typed("name"), Rate: typed("rate"), Rank: typed("rank"), Host: typed("host"), Port: typed("port"),
		SystemID: typed("system_id"), TLS: typed("tls") != ""}
	var now routes.Settings
	change, err := v.change(r.PostForm.Get("password"))
	seen, _ := strconv.ParseInt(r.PostForm.Get("version"), 10, 64) // none is no version
	change.Seen = &seen
	if err == nil {
		now, err = c.need.Routes.Change(r.Context(), p.Scope, v.Now.ID, change)
	}
	if changedSince(err) {
		c.carrierAnew(w, r, p)
		return
	}
	switch errs.KindOf(err) {
	case "":
		back(w, r, "/carriers", doneCarrier(&v.Now, &now))
	case errs.Invalid, errs.Conflict:
		v.Errors = carrierMistakes(p.W, err)
		c.show(w, r, http.StatusUnprocessableEntity, carrierEditPage(p, v))
	default:
		c.fail(w, r, p, err)
	}
}

// changedSince reports whether somebody else changed what the reader had before them.
func changedSince(err error) bool {
	var e *errs.Error
	return errors.As(err, &e) && e.Kind == errs.Conflict && e.Where == "version"
}

// carrierAnew shows a carrier as it is now to a reader who had an older one before them.
func (c *Console) carrierAnew(w http.ResponseWriter, r *http.Request, p *Page) {
	v, err := c.carrierOf(r, p)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	v.Errors = fieldErrors{"": p.W.T("carrier.bad.version")}
	c.show(w, r, http.StatusConflict, carrierEditPage(p, v))
}

// doneCarrier is what is said after a change: one that leads elsewhere has put the carrier back on trial.
func doneCarrier(before, now *routes.Settings) string {
	if now.OnTrial() && !before.OnTrial() {
		return "carrier_trial"
	}
	return "carrier"
}

// change is what the form asks for; a simulator has no line to change.
func (v carrierEdit) change(password string) (out routes.Change, err error) {
	f := v.Form
	rate, err := wholeNumber(f.Rate, "rate")
	if err != nil {
		return out, err
	}
	rank, err := wholeNumber(f.Rank, "rank")
	if err != nil {
		return out, err
	}
	out = routes.Change{Name: &f.Name, Rate: &rate, Rank: &rank}
	if v.Now.Simulator {
		return out, nil
	}
	port, err := wholeNumber("0"+f.Port, "port") // none is the usual one
	if err != nil {
		return out, err
	}
	out.Line = routes.LineChange{Host: &f.Host, Port: &port, SystemID: &f.SystemID, TLS: &f.TLS}
	if password != "" {
		secret := phi.T(password)
		out.Line.Password = &secret
	}
	return out, nil
}

func wholeNumber(typed, field string) (int, error) {
	n, err := strconv.Atoi(typed)
	if err != nil {
		return 0, errs.New(errs.Invalid, "write a whole number").At(field)
	}
	return n, nil
}

// carrierMistakes are the mistakes in the words of carriers.
func carrierMistakes(w *Words, err error) fieldErrors {
	out := fieldErrors{}
	for where, say := range fieldsOf(w, err) {
		if key := "carrier.bad." + where; w.Has(key) {
			say = w.T(key)
		}
		out[where] = say
	}
	return out
}

// saveSender changes whom a sender writes for, and whether it does.
func (c *Console) saveSender(w http.ResponseWriter, r *http.Request, p *Page) {
	route, err := pathID(r, "id")
	var sender, at id.ID
	if err == nil {
		sender, err = pathID(r, "sender")
	}
	if err == nil {
		err = c.smallForm(w, r)
	}
	if typed := r.PostForm.Get("location"); err == nil && typed != "" {
		at, err = id.Parse(typed)
	}
	if err == nil {
		twoWay, off := r.PostForm.Get("two_way") != "", r.PostForm.Get("off") != ""
		_, err = c.need.Routes.ChangeSender(r.Context(), p.Scope, route, sender,
			routes.SenderChange{Location: &at, TwoWay: &twoWay, Disabled: &off, Seen: senderSeen(r.PostForm)})
	}
	if changedSince(err) {
		c.carrierAnew(w, r, p)
		return
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	back(w, r, carrierPath(route)+"/edit", "sender")
}

// senderSeen is how the sender was on the page that the form was sent from.
func senderSeen(f url.Values) *routes.SenderSeen {
	at, _ := id.Parse(f.Get("was_location")) // none is every location
	return &routes.SenderSeen{Location: at, TwoWay: f.Get("was_two_way") == "yes", Disabled: f.Get("was_off") == "yes"}
}

func yesOrNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
