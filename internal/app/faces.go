package app

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"carillon.dev/carillon/internal/app/watch"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/inbox"
	"carillon.dev/carillon/internal/engine/settings"
	"carillon.dev/carillon/internal/web/api"
	"carillon.dev/carillon/internal/web/console"
)

// faces are the console and the API behind one address.
func (n *Node) faces() (http.Handler, error) {
	proxy, err := n.cfg.ProxyNet()
	if err != nil {
		return nil, err
	}
	pages, err := console.New(console.Needs{Login: n.Login, Desk: desk.New(n.Store, n.dispatcher), Explain: n.Explain, Inbox: n.Inbox,
		Imports: n.Intake, Record: n.Record, Meanings: inbox.NewMeanings(n.Store, n.Record, n.Suppressed), Plan: n.planner, Texts: n.Texts, Switch: n.Board, Live: n.live,
		SelfTest: n.SelfTest, Settings: settings.New(n.Store), Audiences: n.Audiences, Routes: n.Routes}, n.Log, console.Options{Secure: n.cfg.TLSCert != "" || proxy.IsValid(), ClientAddress: clientAddress(proxy)})
	if err != nil {
		return nil, err
	}
	n.pages = pages
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthy)
	mux.Handle("/", pages.Handler())
	if n.api, err = n.programs(n.cfg.TLSCert != "" || proxy.IsValid()); err != nil {
		return nil, err
	}
	mux.Handle(api.Prefix+"/", n.api.Handler())
	return watch.Faces(n.meter, n.pattern, mux), nil
}

// pattern is the route that answered a request. Both faces have routes of their own below this one's.
func (n *Node) pattern(r *http.Request) string {
	if strings.HasPrefix(r.URL.Path, api.Prefix+"/") {
		return n.api.Pattern(r)
	}
	return r.Pattern
}

// figures is what Prometheus reads, on an address of its own.
func (n *Node) figures() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", n.meter.Handler())
	return mux
}

// healthy says that the process answers; it tells a stranger nothing else.
func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// clientAddress is the reader's address: the connection's own, or the last entry of X-Forwarded-For when the
// declared proxy connects. Entries before the last were written by others and are not believed.
func clientAddress(proxy netip.Prefix) func(*http.Request) string {
	return func(r *http.Request) string {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			host = r.RemoteAddr
		}
		if !proxy.IsValid() {
			return host
		}
		from, err := netip.ParseAddr(host)
		if err != nil || !proxy.Contains(from.Unmap()) {
			return host
		}
		all := r.Header.Values("X-Forwarded-For")
		if len(all) == 0 {
			return host
		}
		entries := strings.Split(all[len(all)-1], ",")
		if a, err := netip.ParseAddr(strings.TrimSpace(entries[len(entries)-1])); err == nil {
			return a.Unmap().String()
		}
		return host
	}
}
