package app

import (
	"net/http"
	"net/netip"
	"testing"

	"carillon.dev/carillon/internal/app/config"
)

func TestAReadersAddressIsBelievedOfTheDeclaredProxyOnly(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		proxy, from string
		forwarded   []string
		want        string
	}{
		"no proxy":                             {"", "198.51.100.7:4711", nil, "198.51.100.7"},
		"no proxy, a header":                   {"", "198.51.100.7:4711", []string{"203.0.113.9"}, "198.51.100.7"},
		"a stranger's header":                  {"10.0.0.5", "198.51.100.7:4711", []string{"203.0.113.9"}, "198.51.100.7"},
		"the proxy's header":                   {"10.0.0.5", "10.0.0.5:4711", []string{"203.0.113.9"}, "203.0.113.9"},
		"the proxy's network":                  {"10.0.0.0/24", "10.0.0.77:4711", []string{"203.0.113.9"}, "203.0.113.9"},
		"beside the proxy's network":           {"10.0.0.0/24", "10.0.1.77:4711", []string{"203.0.113.9"}, "10.0.1.77"},
		"the proxy without a header":           {"10.0.0.5", "10.0.0.5:4711", nil, "10.0.0.5"},
		"what the reader wrote comes first":    {"10.0.0.5", "10.0.0.5:4711", []string{"192.0.2.1, 203.0.113.9"}, "203.0.113.9"},
		"a header of the reader's comes first": {"10.0.0.5", "10.0.0.5:4711", []string{"192.0.2.1", "203.0.113.9"}, "203.0.113.9"},
		"a header that is no address":          {"10.0.0.5", "10.0.0.5:4711", []string{"203.0.113.9, unknown"}, "10.0.0.5"},
		"a mapped proxy":                       {"10.0.0.5", "[::ffff:10.0.0.5]:4711", []string{"203.0.113.9"}, "203.0.113.9"},
		"a mapped reader":                      {"10.0.0.5", "10.0.0.5:4711", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		"a reader by IPv6":                     {"fd00::5", "[fd00::5]:4711", []string{"2001:db8::9"}, "2001:db8::9"},
		"an address without a port":            {"", "198.51.100.7", nil, "198.51.100.7"},
		"no address":                           {"10.0.0.5", "@", []string{"203.0.113.9"}, "@"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, err := (config.Listen{Proxy: c.proxy}).ProxyNet()
			if err != nil {
				t.Fatal(err)
			}
			r := &http.Request{RemoteAddr: c.from, Header: http.Header{}}
			for _, f := range c.forwarded {
				r.Header.Add("X-Forwarded-For", f)
			}
			if got := clientAddress(proxy)(r); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestNoProxyIsDeclaredByDefault(t *testing.T) {
	t.Parallel()
	if p, err := (config.Listen{}).ProxyNet(); err != nil || p != (netip.Prefix{}) {
		t.Errorf("%v, %v", p, err)
	}
}
