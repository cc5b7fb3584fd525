package backup_test

import (
	"context"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"formwork/engine/backup"
	"formwork/engine/id"
	"formwork/engine/store/teststore"
)

// counted is a place that counts the names of blobs that it tells.
type counted struct {
	backup.Place
	blobs int
}

func (c *counted) Names(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for name, err := range c.Place.Names(ctx, prefix) {
			if strings.Contains(name, "/blobs/") {
				c.blobs++
			}
			if !yield(name, err) {
				return
			}
		}
	}
}

// A round knows what is due from the place alone: so do the next one, another process's, and one
// after somebody removed copies. It does not read through the blobs for that.
func TestRoundsDeriveWhatIsDue(t *testing.T) {
	w := newWorld(t, teststore.Open)
	for key := range 20 {
		w.putBlob(id.ID(3 + key))
	}
	_, err := w.store.Create(t.Context(), "bare")
	w.must(err)
	place := &counted{Place: w.keeper.Place}
	w.keeper.Place = place
	rule, err := backup.ParseRule("24h")
	w.must(err)
	schedule := backup.Schedule{Every: time.Hour, Keep: rule}
	rounds := func() *backup.Rounds { return w.keeper.Rounds(schedule, slog.New(slog.DiscardHandler)) }
	r := rounds()
	look := func(made int64, missing int, oldest time.Time) {
		t.Helper()
		r.TakeDue(t.Context())
		if f := r.Figures(); f.Made != made || f.Failed != 0 || f.Missing != missing || !f.Oldest.Equal(oldest) {
			t.Errorf("the figures are %+v; want %d made, %d missing, the oldest of %s", f, made, missing, oldest)
		}
	}
	look(2, 0, start)
	w.now = start.Add(59 * time.Minute)
	place.blobs = 0
	look(2, 0, start)
	r = rounds()
	look(0, 0, start)
	if place.blobs > 4 {
		t.Errorf("two rounds read the names of %d blobs", place.blobs)
	}
	w.must(os.RemoveAll(filepath.Join(w.place, "bare")))
	look(1, 0, start)
	w.now = start.Add(time.Hour)
	look(2, 0, w.now.Add(-time.Minute))
	w.must(os.RemoveAll(filepath.Join(w.place, "bare")))
	w.must(w.store.Delete(t.Context(), "bare"))
	look(2, 0, w.now)
}
