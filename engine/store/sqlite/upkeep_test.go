package sqlite

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// under runs fn with the connection of the writer, when what was due of the upkeep is done.
func (w *writer) under(t *testing.T, fn func(c *conn) error) {
	t.Helper()
	if err := w.alone(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// waitForCopy waits until the log is copied but for what comes meanwhile.
func (w *writer) waitForCopy(t *testing.T) {
	t.Helper()
	for began := time.Now(); w.upkeep.log.Load() != logCopied; time.Sleep(time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatal("nobody has copied the log")
		}
	}
}

// eightWords are those of a row; each version of it has others.
func eightWords(key id.ID, version int) (words []string) {
	for n := range 8 {
		words = append(words, fmt.Sprintf("%x", uint64(int(key)*16+version*8+n)*0x9e3779b97f4a7c15))
	}
	return words
}

// However large the index of words is, small writes are not held up by the merging of it: no
// group adds more than some pages to the log. FTS5 would write 360 in one commit here.
func TestWordsAreMergedLittleByLittle(t *testing.T) {
	const rows, together, most = 6000, 16, 180
	s := openWith(t, Options{Relaxed: true})
	tenant := create(t, s, "acme")
	write := func(fn func(tx store.Tx) error) {
		t.Helper()
		if err := tenant.Write(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	logged := func() (pages int32) {
		tenant.writer.under(t, func(c *conn) error { pages = c.logged; return nil })
		return pages
	}
	for from := id.ID(0); from < rows; from += 1000 {
		write(func(tx store.Tx) error {
			for key := from; key < from+1000; key++ {
				if err := tx.Insert(t.Context(), "deal", key+1, nil, eightWords(key+1, 0)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	before, largest := logged(), int32(0)
	for from := id.ID(0); from < 2000; from += together {
		write(func(tx store.Tx) error {
			for key := from; key < from+together; key++ {
				if err := tx.Update(t.Context(), "deal", key+1, 0, map[string]any{revenue.Name: int64(1)}, eightWords(key+1, 1)); err != nil {
					return err
				}
			}
			return nil
		})
		now := logged()
		largest = max(largest, now-before)
		before = now
	}
	if largest > most {
		t.Errorf("a group added %d pages to the log", largest)
	}
	for version, want := range []int64{0, 1} {
		words := []query.Word{{Text: eightWords(7, version)[3]}}
		if n, err := tenant.Count(t.Context(), "deal", nil, words, 0); n != want || err != nil {
			t.Errorf("%d rows have a word of version %d: %v", n, version, err)
		}
	}
	tenant.writer.under(t, func(c *conn) error {
		var segments int64
		err := c.each(`SELECT count(DISTINCT segid) FROM "deal:words_idx"`, func(s *stmt) error { segments = s.integer(0); return nil })
		if segments > 40 {
			t.Errorf("the index of words has %d segments: merging does not keep up", segments)
		}
		return err
	})
}

// Merging keeps up with long texts too, of which a row writes pages: FTS5 does not come to merge a
// whole level of many segments at once.
func TestLongTextsAreMergedAsFast(t *testing.T) {
	s := openWith(t, Options{Relaxed: true})
	tenant := create(t, s, "acme")
	before, largest := int32(0), int32(0)
	for key := id.ID(1); key <= 300; key++ {
		var words []string
		for n := range id.ID(20) {
			words = append(words, eightWords(key*20+n, 0)...)
		}
		if err := tenant.Write(t.Context(), func(tx store.Tx) error { return tx.Insert(t.Context(), "deal", key, nil, words) }); err != nil {
			t.Fatal(err)
		}
		tenant.writer.under(t, func(c *conn) error {
			largest, before = max(largest, c.logged-before), c.logged
			return nil
		})
	}
	if largest > 200 {
		t.Errorf("a group added %d pages to the log", largest)
	}
}

// Tables of words of older versions get the settings of new ones.
func TestWordsOfAnOlderVersion(t *testing.T) {
	s := openWith(t, Options{})
	tenant := create(t, s, "acme")
	tenant.writer.under(t, func(c *conn) error {
		if err := c.exec(`INSERT INTO "deal:words" ("deal:words", rank) VALUES ('automerge', 8)`); err != nil {
			return err
		}
		return c.exec(`DELETE FROM "deal:words_config" WHERE k IN ('usermerge', 'deletemerge')`)
	})
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		for key := range id.ID(mergeFrom / wordsRemoved) {
			if err := tx.Insert(t.Context(), "deal", key+1, nil, []string{"w"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want, got := map[string]int64{}, map[string]int64{}
	for _, setting := range wordsSettings {
		want[setting.name] = setting.value
	}
	tenant.writer.under(t, func(c *conn) error {
		return c.each(`SELECT k, v FROM "deal:words_config" WHERE k LIKE '%merge'`, func(s *stmt) error { got[s.string(0)] = s.integer(1); return nil })
	})
	if !maps.Equal(got, want) {
		t.Errorf("the settings are %v, not %v", got, want)
	}
}
