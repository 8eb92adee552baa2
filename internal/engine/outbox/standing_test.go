package outbox_test

import (
	"context"
	"testing"

	"carillon.dev/carillon/internal/store"
)

func TestAQuestionAskedByTheRecordKeepsItsEnrollment(t *testing.T) {
	t.Parallel()
	d := setup(t)
	ask := d.reminder()
	p := d.prepare(ask)[0]
	d.insert(p)
	ctx := context.Background()
	for i := range 2 { // first from memory, then from the row
		var due []store.Draft
		if err := d.store.Read(ctx, d.scope, func(tx store.Tx) (err error) {
			due, err = tx.Messages().Due(ctx, d.route.ID, p.Draft.DueAt, 10)
			return err
		}); err != nil || len(due) != 1 {
			t.Fatal(err, len(due))
		}
		r, ok, err := d.outbox.Standing(ctx, d.scope, due)
		if err != nil || !ok[0] {
			t.Fatalf("%v %v", ok, err)
		}
		if r[0].Question.Enrollment != p.Draft.Origin.Enrollment {
			t.Errorf("read %d: the question's enrollment is %v, the text's %v", i, r[0].Question.Enrollment, p.Draft.Origin.Enrollment)
		}
	}
}
