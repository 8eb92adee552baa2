package archtest

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const migrations = "internal/store/migrations"

var migrationName = regexp.MustCompile(`^\d{4}_[a-z0-9_]+\.sql$`)

// migrationBreaches checks file names of the form <migrations>/<database>/<number>_<what>.sql: both databases
// have the same steps under the same names, each with a number of its own.
func migrationBreaches(files []string) []string {
	steps := map[string][]string{}
	var out []string
	for _, f := range files {
		if !within(f, migrations) || !strings.HasSuffix(f, ".sql") {
			continue
		}
		dir, name := path.Split(f)
		db := path.Base(dir)
		if !migrationName.MatchString(name) {
			out = append(out, f+": a migration is named 0001_what_it_does.sql")
		}
		steps[db] = append(steps[db], name)
	}
	if len(steps) == 0 {
		return out
	}
	lite, pg := steps["sqlite"], steps["postgres"]
	slices.Sort(lite)
	slices.Sort(pg)
	for _, n := range lite {
		if !slices.Contains(pg, n) {
			out = append(out, n+" exists for SQLite alone")
		}
	}
	for _, n := range pg {
		if !slices.Contains(lite, n) {
			out = append(out, n+" exists for PostgreSQL alone")
		}
	}
	for i := 1; i < len(lite); i++ {
		if lite[i][:4] == lite[i-1][:4] {
			out = append(out, fmt.Sprintf("%s and %s have one number", lite[i-1], lite[i]))
		}
	}
	return out
}

func TestMigrationsComeInPairs(t *testing.T) {
	t.Parallel()
	wantOnly(t, "an organization that outgrows SQLite must find the same schema on PostgreSQL", migrationBreaches(load(t).other))
	wantFinding(t, migrationBreaches([]string{migrations + "/sqlite/0001_first.sql"}))
	wantFinding(t, migrationBreaches([]string{migrations + "/postgres/0001_first.sql"}))
	wantFinding(t, migrationBreaches([]string{migrations + "/sqlite/0001_a.sql", migrations + "/sqlite/0001_b.sql",
		migrations + "/postgres/0001_a.sql", migrations + "/postgres/0001_b.sql"}))
	wantFinding(t, migrationBreaches([]string{migrations + "/sqlite/first.sql", migrations + "/postgres/first.sql"}))
}
