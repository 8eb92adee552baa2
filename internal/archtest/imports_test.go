package archtest

import (
	"fmt"
	"sort"
	"strings"
	"testing"
)

// room is one line of the table of who may import whom (docs/architecture.md shows the same table). The
// longest matching dir decides, so a folder may have a line of its own.
type room struct {
	dir    string
	may    []string // folders of this module; "x" is the folder alone, "x/..." with all below
	reason string
}

var table = []room{
	{"internal/base", []string{"internal/base/..."},
		"base is what everything stands on: it knows nothing of the domain"},
	{"internal/core", []string{"internal/core/...", "internal/base/id", "internal/base/errs", "internal/base/phi"},
		"core is what is true: pure rules over values, so it cannot reach a clock, a key, a log or a row"},
	{"internal/store", []string{"internal/base/...", "internal/core/...", "internal/store/..."},
		"store keeps what core says; it must not know who asks"},
	{"internal/carrier", []string{"internal/base/...", "internal/core/...", "internal/carrier"},
		"a connector hands over what it is given; it knows no row, no other connector and no use-case"},
	{"internal/carrier/smpp", []string{"internal/base/...", "internal/core/...", "internal/carrier", "internal/carrier/smpp/..."},
		"the SMPP connector knows its own codec and no other connector"},
	{"internal/carrier/carriertest", []string{"internal/base/...", "internal/core/...", "internal/carrier"},
		"the conformance suite knows the contract, never one connector"},
	{"internal/carrier/simulator", []string{"internal/core/sms", "internal/carrier/smpp/pdu", "internal/carrier/simulator/..."},
		"the simulator stands for a foreign operator: if it shared more than the codec and the alphabet, both sides could agree on a mistake"},
	{"internal/engine", []string{"internal/base/...", "internal/core/...", "internal/store", "internal/carrier", "internal/engine/..."},
		"engine is use-cases over contracts: a named database or connector here could not be replaced"},
	{"internal/ehr", []string{"internal/base/...", "internal/core/...", "internal/engine/...", "internal/ehr/..."},
		"ehr turns foreign records into facts and hands them to a use-case; it keeps and sends nothing itself"},
	{"internal/web", []string{"internal/base/...", "internal/core/...", "internal/engine/...", "internal/ehr/...", "internal/web/..."},
		"a face parses, calls one use-case and shows; it never reads the store or calls a carrier"},
	{"internal/web/hooks", []string{"internal/base/...", "internal/core/...", "internal/engine/...", "internal/ehr/...", "internal/web/...", "internal/carrier"},
		"callbacks speak the carrier's contract; otherwise hooks is a face like the others"},
	{"internal/app", []string{"internal/..."},
		"app wires everything"},
	{"internal/archtest", nil,
		"the architecture tests read source, they use none of it"},
	{"cmd", []string{"internal/app/..."},
		"main is thin: everything it could do belongs to app"},
}

func roomOf(dir string) (room, bool) {
	var best room
	found := false
	for _, r := range table {
		if within(dir, r.dir) && len(r.dir) >= len(best.dir) {
			best, found = r, true
		}
	}
	return best, found
}

func (r room) allows(target string) bool {
	for _, m := range r.may {
		if base, deep := strings.CutSuffix(m, "/..."); target == m || deep && within(target, base) {
			return true
		}
	}
	return false
}

// importBreaches lists imports inside the module that the table does not have. Tests are free: they put
// real databases and the simulator together; core's own tests are not, so that core stays provable alone.
func importBreaches(tr *tree) []string {
	var out []string
	for _, f := range tr.files {
		if f.test && !within(f.dir, "internal/core") {
			continue
		}
		r, ok := roomOf(f.dir)
		if !ok {
			out = append(out, fmt.Sprintf("%s lies in no room: put it in one of the rooms or add a line to the table", f.path))
			continue
		}
		for p := range f.imports() {
			target, ours := strings.CutPrefix(p, module+"/")
			if ours && target != f.dir && !r.allows(target) {
				out = append(out, fmt.Sprintf("%s imports %s\n\twhy not: %s", f.path, target, r.reason))
			}
		}
	}
	sort.Strings(out)
	return out
}

func TestRoomsImportOnlyWhatTheTableAllows(t *testing.T) {
	t.Parallel()
	wantOnly(t, "imports go one way (docs/architecture.md)", importBreaches(load(t)))
}

func TestImportRuleSeesABreach(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ dir, target string }{
		"core reads the clock room":       {"internal/core/gate", "internal/base/clock"},
		"core reads the store":            {"internal/core/gate", "internal/store"},
		"store asks the engine":           {"internal/store/sqlite", "internal/engine/plan"},
		"a connector knows another":       {"internal/carrier/twilio", "internal/carrier/smpp"},
		"the simulator knows the client":  {"internal/carrier/simulator", "internal/carrier/smpp"},
		"engine names a database":         {"internal/engine/plan", "internal/store/sqlite"},
		"engine names a connector":        {"internal/engine/send", "internal/carrier/smpp"},
		"a face reads the store":          {"internal/web/console", "internal/store"},
		"a face calls a carrier":          {"internal/web/api", "internal/carrier"},
		"ehr writes rows":                 {"internal/ehr/table", "internal/store"},
		"main does something of its own":  {"cmd/carillon", "internal/engine/plan"},
		"base learns about the domain":    {"internal/base/obs", "internal/core/phone"},
		"a package outside of every room": {"internal/util", "internal/base/id"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantFinding(t, importBreaches(snippet(t, c.dir+"/x.go", "package x\nimport _ \""+module+"/"+c.target+"\"\n")))
		})
	}
}

// kept says which outside packages have a home. A prefix stands for everything below it.
var kept = []struct {
	prefix string
	homes  []string
	reason string
}{
	{"github.com/riverqueue/river", []string{"internal/engine/jobs", "internal/store/sqlite", "internal/store/postgres", "internal/store/riverjobs"},
		"the job library is known to the workers and to the databases that enqueue, so that it can be replaced"},
	{"database/sql", []string{"internal/store"}, "SQL is the store's own business"},
	{"github.com/jackc/pgx", []string{"internal/store"}, "SQL is the store's own business"},
	{"modernc.org/sqlite", []string{"internal/store"}, "SQL is the store's own business"},
	{"github.com/pressly/goose", []string{"internal/store"}, "SQL is the store's own business"},
	{"github.com/a-h/templ", []string{"internal/web"}, "only faces make HTML"},
	{"github.com/danielgtaylor/huma", []string{"internal/web/api"}, "only the API knows its framework"},
	{"github.com/alecthomas/kong", []string{"internal/app", "cmd"}, "only app reads flags and environment"},
	{"cel.dev/cel-go", []string{"internal/core/audience"}, "one room understands the language of audiences"},
	{"github.com/osteele/liquid", []string{"internal/core/content"}, "one room renders templates, strictly"},
	{"github.com/nyaruka/phonenumbers", []string{"internal/core/phone"}, "one room decides what a number is"},
	{"github.com/prometheus", []string{"internal/base/obs"}, "one room knows how figures are read"},
	{"github.com/tink-crypto", []string{"internal/base/seal"}, "one room seals and opens"},
	{"github.com/alexedwards/argon2id", []string{"internal/engine/login"}, "one room checks passwords"},
	{"github.com/chromedp", []string{"internal/web/webtest"}, "a browser is for tests"},
	{"github.com/warthog618/sms", nil, "the independent encoder is an oracle for tests"},
	{"pgregory.net/rapid", nil, "property tests only"},
	{"unsafe", nil, "nothing here is worth it"},
}

func strayImports(tr *tree) []string {
	var out []string
	for _, f := range tr.code() {
		for p := range f.imports() {
			for _, k := range kept {
				if p != k.prefix && !strings.HasPrefix(p, k.prefix+"/") || livesIn(f.dir, k.homes) {
					continue
				}
				out = append(out, fmt.Sprintf("%s imports %s, which belongs to %v\n\twhy: %s", f.path, p, k.homes, k.reason))
			}
		}
	}
	sort.Strings(out)
	return out
}

func livesIn(dir string, homes []string) bool {
	for _, h := range homes {
		if within(dir, h) {
			return true
		}
	}
	return false
}

func TestOutsideLibrariesStayInTheirRoom(t *testing.T) {
	t.Parallel()
	wantOnly(t, "every outside library sits behind one small contract", strayImports(load(t)))
	wantFinding(t, strayImports(snippet(t, "internal/engine/plan/x.go", "package plan\nimport _ \"github.com/riverqueue/river\"\n")))
	wantFinding(t, strayImports(snippet(t, "internal/web/api/x.go", "package api\nimport _ \"database/sql\"\n")))
}
