package sqlite

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
)

func TestNoPlanWalksAWholeOrganization(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(context.Background(), Options{Path: filepath.Join(dir, "x.db"), KeyFile: filepath.Join(dir, "keys")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const some = ` IN (SELECT unhex(value) FROM json_each($2))`
	for query, index := range map[string]string{
		`SELECT kind FROM persons WHERE org_id = $1 AND id` + some:                                                                                                                                                    "PRIMARY KEY",
		`SELECT zone FROM visits WHERE org_id = $1 AND id` + some:                                                                                                                                                     "PRIMARY KEY",
		`SELECT zone FROM visits WHERE org_id = $1 AND person_id = $2 ORDER BY start_at DESC LIMIT 5`:                                                                                                                 "visits_person",
		`SELECT zone FROM visits WHERE org_id = $1 AND start_at >= $2 AND start_at < $3 ORDER BY start_at LIMIT 5`:                                                                                                    "visits_start",
		`SELECT zone FROM visits WHERE org_id = $1 AND source_id = $3 AND external_idx` + some:                                                                                                                        "visits_external",
		`SELECT kind FROM persons WHERE org_id = $1 AND id > $2 ORDER BY id LIMIT 5`:                                                                                                                                  "persons_org",
		`SELECT revision FROM contact_points WHERE org_id = $1 AND channel = $3 AND number_idx` + some:                                                                                                                "number_idx=?",
		`SELECT person_id FROM person_names WHERE org_id = $1 AND token = $2`:                                                                                                                                         "org_id=? AND token=?",
		`SELECT status FROM consent_entries WHERE org_id = $1 AND person_id` + some:                                                                                                                                   "consent_entries_person",
		`SELECT status FROM consent_entries WHERE org_id = $1 AND person_id IS NULL AND point_id` + some:                                                                                                              "consent_entries_point",
		`SELECT answer FROM visit_responses WHERE org_id = $1 AND visit_id` + some:                                                                                                                                    "visit_responses_visit",
		`SELECT id FROM message_states WHERE phase = 'queued' AND route_id = $1 AND priority = $2 ORDER BY due_at, id LIMIT 5`:                                                                                        "COVERING INDEX messages_due",
		`SELECT m.sealed, s.state FROM messages m JOIN message_states s ON s.id = m.id WHERE coalesce(m.org_id, m.org_id) = $1 AND m.id` + some:                                                                       "messages_1",
		`SELECT m.sealed, s.state FROM messages m JOIN message_states s ON s.id = m.id WHERE s.phase = 'held' AND s.org_id = $1 AND s.held_until <= $2 LIMIT 5`:                                                       "messages_held",
		`SELECT m.point_id FROM messages m JOIN message_states s ON s.id = m.id WHERE m.org_id = $1 AND m.point_id = $2 AND (m.origin = 'reply' OR m.origin = 'staff') ORDER BY m.planned_at DESC, m.id DESC LIMIT 5`: "messages_answers",
		`SELECT id FROM message_states WHERE phase = 'out' AND state = 'accepted' AND route_id = $1 AND org_id = $2 AND ask_at IS NULL AND leased_at < $3 ORDER BY leased_at LIMIT 5`:                                 "messages_out",
		`SELECT id FROM message_states WHERE phase = 'out' AND state = 'accepted' AND route_id = $1 AND org_id = $2 AND ask_at <= $3 ORDER BY ask_at LIMIT 5`:                                                         "messages_out",
		`SELECT message_id FROM provider_ids WHERE route_id = $1 AND provider_id IN (SELECT value FROM json_each($2))`:                                                                                                "PRIMARY KEY",
		`SELECT id FROM messages WHERE org_id = $1 AND id` + some:                                                                                                                                                     "PRIMARY KEY|messages_1",
		`SELECT id FROM audit_events WHERE org_id = $1 AND id < $2 ORDER BY id DESC LIMIT 5`:                                                                                                                          "audit_events_org",
		`SELECT id FROM contact_points WHERE (opted_out_at IS NOT NULL OR suspended) AND id > $1 ORDER BY id LIMIT 500`:                                                                                               "contact_points_opted_out",
	} {
		rows, err := s.readers.Query(`EXPLAIN QUERY PLAN `+query, "a", "[]", "b")
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, detail)
		}
		_ = rows.Close()
		whole := strings.Join(plan, "; ")
		fits := false
		for _, name := range strings.Split(index, "|") {
			fits = fits || strings.Contains(whole, name)
		}
		if !fits || strings.Contains(whole, "TEMP B-TREE FOR ORDER BY") {
			t.Errorf("%s\n  wants %s\n  plan  %s", query, index, whole)
		}
	}
}
