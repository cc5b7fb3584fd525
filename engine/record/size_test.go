package record_test

import (
	"fmt"
	"strings"
	"testing"

	"formwork/engine/record/draft"
)

// A record that has all that it may have can be changed in all of its fields, deleted and
// restored: what is written beside it fits into a row of any store. More is refused, however
// it comes to be.
func TestTheLargestRecord(t *testing.T) {
	w := newWorld(t)
	const fields = 7
	var documents []string
	for n := range fields {
		documents = append(documents, fmt.Sprintf(`"note%d":{"type":"long_text","label":"Note"}`, n))
	}
	w.apply(`{"kind":"object","name":"account","fields":{` + strings.Join(documents, ",") + `}}`)
	s := w.system()
	made := w.create(s, "account", map[string]any{"name": "large"}).Record.ID()
	note := func(n, length int) error {
		_, err := s.Update(w.ctx, "account", made, map[string]any{fmt.Sprint("note", n): strings.Repeat("<", length)}, 0)
		return err
	}
	const in = 6 // bytes that "<" takes in JSON
	full := draft.MaxSize/in - 6*100_000
	for n := range 6 {
		if err := note(n, 100_000); err != nil {
			t.Fatal(err)
		}
	}
	if err := note(6, full); !hasCode(err, "record.too_large") {
		t.Errorf("a record of more than %d bytes: %v", draft.MaxSize, err)
	}
	if err := note(6, full-1000); err != nil { // the other fields take some
		t.Fatal(err)
	}
	all := map[string]any{"note6": strings.Repeat(">", full-1000)}
	for n := range 6 {
		all[fmt.Sprint("note", n)] = strings.Repeat(">", 100_000)
	}
	if _, err := s.Update(w.ctx, "account", made, all, 0); err != nil {
		t.Errorf("changing all of it: %v", err)
	}
	if err := s.Delete(w.ctx, "account", made, 0); err != nil {
		t.Errorf("deleting it: %v", err)
	}
	if _, err := s.Restore(w.ctx, "account", made); err != nil {
		t.Errorf("restoring it: %v", err)
	}
}
