package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// attempt runs fn as an attempt of which the transaction survives.
func (f *fixture) attempt(tx store.Tx, fn func() error) (refused error) {
	f.Helper()
	refused, err := tx.Attempt(f.ctx, fn)
	if err != nil {
		f.Errorf("the transaction is over: %v", err)
	}
	return refused
}

var attemptCases = []testCase{
	{"an attempt is undone", func(f *fixture) {
		f.define(simple)
		f.must(f.insert("lead", 1, map[string]any{"version": int64(1), colN.Name: int64(1)}, "old"))
		f.must(f.insert("lead", 2, map[string]any{colN.Name: int64(2)}, "second"))
		f.write(func(tx store.Tx) error {
			if err := tx.Insert(f.ctx, "lead", 3, nil, []string{"before"}); err != nil {
				return err
			}
			refused := f.attempt(tx, func() error {
				f.must(tx.Update(f.ctx, "lead", 1, 0, map[string]any{colN.Name: int64(7), colText.Name: "x"}, []string{"new"}))
				f.must(tx.Delete(f.ctx, "lead", 2))
				f.must(tx.Insert(f.ctx, "lead", 4, map[string]any{colN.Name: int64(7)}, []string{"new"}))
				f.must(tx.Lock(f.ctx, "lead", 1))
				f.same("its own rows", f.ids(tx, "lead", query.Is(colN, int64(7))), []int64{1, 4})
				f.same("its own words", f.ids(tx, "lead", nil, query.Word{Text: "new"}), []int64{1, 4})
				return errOwn
			})
			if !errors.Is(refused, errOwn) {
				f.Errorf("refused with %v", refused)
			}
			f.same("rows after it", f.ids(tx, "lead", nil), []int64{1, 2, 3})
			f.same("words after it", f.ids(tx, "lead", nil, query.Word{Text: "new"}), []int64{})
			f.same("words before it", f.ids(tx, "lead", nil, query.Word{Text: "before"}), []int64{3})
			if refused := f.attempt(tx, func() error { return tx.Insert(f.ctx, "lead", 5, nil, []string{"new"}) }); refused != nil {
				return refused
			}
			return tx.Insert(f.ctx, "lead", 6, nil, []string{"after"})
		})
		f.sameRows("rows", f.rows(f.tenant, query.Select{Table: "lead", Columns: []query.Ref{query.Field(query.ID), query.Field(colN), query.Field(colText)}, Sort: byID}),
			[]store.Row{{int64(1), int64(1), nil}, {int64(2), int64(2), nil}, {int64(3), nil, nil}, {int64(5), nil, nil}, {int64(6), nil, nil}}, false)
		for word, want := range map[string][]int64{"old": {1}, "second": {2}, "before": {3}, "new": {5}, "after": {6}} {
			f.same(word, f.ids(f.tenant, "lead", nil, query.Word{Text: word}), want)
		}
	}},
	{"an attempt is refused by the store", func(f *fixture) {
		f.define(simple)
		f.must(f.insert("lead", 1, map[string]any{colKey.Name: "k"}))
		var refused []error // in the run that counts
		f.write(func(tx store.Tx) error {
			f.must(tx.Insert(f.ctx, "lead", 2, nil, []string{"two"}))
			refused = []error{
				f.attempt(tx, func() error {
					f.must(tx.Insert(f.ctx, "lead", 3, nil, []string{"three"}))
					return tx.Insert(f.ctx, "lead", 4, map[string]any{colKey.Name: "k"}, nil)
				}),
				f.attempt(tx, func() error { return tx.Insert(f.ctx, "lead", 1, nil, nil) }),
				f.attempt(tx, func() error {
					f.must(tx.Insert(f.ctx, "lead", 5, nil, nil))
					return tx.Update(f.ctx, "lead", 2, 0, map[string]any{colKey.Name: "k"}, []string{"three"})
				}),
				f.attempt(tx, func() error { return tx.Update(f.ctx, "lead", 99, 0, nil, nil) }),
			}
			return tx.Insert(f.ctx, "lead", 6, map[string]any{colKey.Name: "l"}, nil)
		})
		for i, code := range []string{"store.not_unique", "store.duplicate_id", "store.not_unique"} {
			f.fails(refused[i], fault.Conflict, code)
		}
		f.fails(refused[3], fault.Stale, "store.stale")
		f.same("rows", f.ids(f.tenant, "lead", nil), []int64{1, 2, 6})
		f.same("words", f.ids(f.tenant, "lead", nil, query.Word{Text: "t", Prefix: true}), []int64{2})
	}},
	{"many attempts in one write", func(f *fixture) {
		f.define(simple)
		f.made("lead")
		const rows = 150
		var want []int64
		var wrong []string // in the run that counts
		runs := 0
		f.write(func(tx store.Tx) error {
			want, wrong = nil, nil
			if runs++; runs > 2 {
				return errors.New("this is run again and again")
			}
			for i := range id.ID(rows) {
				// Every third row has the id of the one before it.
				refused := f.attempt(tx, func() error {
					f.must(tx.Insert(f.ctx, "lead", 1000+i, nil, []string{"also"}))
					return tx.Insert(f.ctx, "lead", 1+i-i%3/2, nil, []string{"word"})
				})
				if (refused != nil) != (i%3 == 2) {
					wrong = append(wrong, fmt.Sprintf("row %d: %v", i, refused))
				}
				if refused == nil {
					want = append(want, int64(1+i))
				}
			}
			return nil
		})
		if wrong != nil {
			f.Errorf("told %q", wrong)
		}
		f.same("rows", f.ids(f.tenant, "lead", query.Compare{Ref: query.Field(query.ID), Op: query.Lt, Value: int64(1000)}), want)
		f.same("words", f.ids(f.tenant, "lead", nil, query.Word{Text: "word"}), want)
		if n, err := f.tenant.Count(f.ctx, "lead", nil, nil, 0); err != nil || int(n) != 2*len(want) {
			f.Errorf("%d rows, %v, want %d", n, err, 2*len(want))
		}
	}},
	{"how often a write with attempts runs", func(f *fixture) {
		f.define(simple)
		f.must(f.insert("lead", 1, nil))
		for _, c := range []struct {
			name string
			most int
			fn   func(tx store.Tx, row id.ID) error
		}{
			{"none is refused", 1, func(tx store.Tx, row id.ID) error { return tx.Insert(f.ctx, "lead", row, nil, []string{"w"}) }},
			{"all are refused before they change anything", 1, func(tx store.Tx, row id.ID) error {
				f.same("words", f.ids(tx, "lead", nil, query.Word{Text: "absent"}), []int64{})
				return errOwn
			}},
			{"all are refused for a row that is gone", 2, func(tx store.Tx, row id.ID) error {
				return tx.Update(f.ctx, "lead", row, 0, map[string]any{colN.Name: int64(1)}, []string{"w"})
			}},
			{"all are refused after they changed a row", 2, func(tx store.Tx, row id.ID) error {
				return errors.Join(tx.Insert(f.ctx, "lead", row, nil, []string{"w"}), errOwn)
			}},
			{"all are refused after they changed words", 2, func(tx store.Tx, row id.ID) error {
				return errors.Join(tx.Update(f.ctx, "lead", 1, 0, nil, []string{"other"}), errOwn)
			}},
			{"all are refused by the store", 2, func(tx store.Tx, row id.ID) error { return tx.Insert(f.ctx, "lead", 1, nil, nil) }},
		} {
			runs := 0
			f.write(func(tx store.Tx) error {
				runs++
				for i := range id.ID(5) {
					_ = f.attempt(tx, func() error { return c.fn(tx, 100+i) })
				}
				return nil
			})
			if runs > c.most {
				f.Errorf("%s: %d runs, at most %d", c.name, runs, c.most)
			}
		}
		f.same("rows", f.ids(f.tenant, "lead", nil), []int64{1, 100, 101, 102, 103, 104})
		f.same("words", f.ids(f.tenant, "lead", nil, query.Word{Text: "other"}), []int64{})
	}},
	{"attempts of a write that fails", func(f *fixture) {
		f.define(simple)
		f.made("lead")
		err := f.tenant.Write(f.ctx, func(tx store.Tx) error {
			f.must(f.attempt(tx, func() error { return tx.Insert(f.ctx, "lead", 1, nil, []string{"x"}) }))
			_ = f.attempt(tx, func() error {
				f.must(tx.Insert(f.ctx, "lead", 2, nil, []string{"x"}))
				return errOwn
			})
			return errOwn
		})
		if !errors.Is(err, errOwn) {
			f.Errorf("got %v", err)
		}
		f.same("rows", f.ids(f.tenant, "lead", nil), []int64{})
		f.same("words", f.ids(f.tenant, "lead", nil, query.Word{Text: "x"}), []int64{})
	}},
	{"attempts that end the transaction", func(f *fixture) {
		f.define(simple)
		f.made("lead")
		over, cancel := context.WithCancel(f.ctx)
		for what, fn := range map[string]func(tx store.Tx) (error, error){
			"cancelled": func(tx store.Tx) (error, error) {
				return tx.Attempt(over, func() error {
					f.must(tx.Insert(f.ctx, "lead", 2, nil, nil))
					cancel()
					return nil
				})
			},
			"nested": func(tx store.Tx) (refused, err error) {
				refused, err = tx.Attempt(f.ctx, func() error {
					_, err := tx.Attempt(f.ctx, func() error { return nil })
					if !errors.Is(err, store.ErrNested) {
						f.Errorf("an attempt in an attempt: %v", err)
					}
					return nil
				})
				return refused, err
			},
		} {
			err := f.tenant.Write(f.ctx, func(tx store.Tx) error {
				f.must(tx.Insert(f.ctx, "lead", 1, nil, nil))
				if refused, err := fn(tx); refused != nil || err == nil {
					f.Errorf("%s: refused %v, over %v", what, refused, err)
				}
				if err := tx.Insert(f.ctx, "lead", 3, nil, nil); err == nil {
					f.Errorf("%s: the transaction goes on", what)
				}
				return nil // which does not help
			})
			if err == nil {
				f.Errorf("%s: the write was acknowledged", what)
			}
			f.same(what, f.ids(f.tenant, "lead", nil), []int64{})
		}
	}},
	{"property: attempts", func(f *fixture) {
		f.define(simple)
		var together sync.WaitGroup
		for w := range 4 {
			r := f.source(uint64(20 + w))
			together.Go(func() {
				m := attempts{f: f, r: r, from: id.ID(100 * w), rows: map[int64]lead{}}
				for range 40 {
					if err := m.write(); err != nil {
						f.Errorf("writer %d: %v", w, err)
						return
					}
				}
			})
		}
		together.Wait()
	}},
}

// lead is a row of simple as the model of attempts has it.
type lead struct {
	n    int64
	word string
}

// attempts is one writer, who has 20 rows for itself and knows what should be in them.
type attempts struct {
	f    *fixture
	r    *rand.Rand
	from id.ID
	rows map[int64]lead
}

// step is one operation on a row.
type step struct {
	op   string // insert, update, delete, look
	key  id.ID
	lead lead
}

// part is several steps, as an attempt or not.
type part struct {
	attempt, fails bool
	steps          []step
}

var attemptWords = []string{"red", "green", "blue"}

// write does random steps in random attempts, and compares what is left of them.
func (m *attempts) write() error {
	var parts []part
	for range 1 + m.r.IntN(5) {
		p := part{attempt: m.r.IntN(4) > 0, fails: m.r.IntN(3) == 0}
		for range m.r.IntN(5) {
			p.steps = append(p.steps, step{
				op: []string{"insert", "insert", "update", "delete", "look"}[m.r.IntN(5)], key: m.from + id.ID(m.r.IntN(20)+1),
				lead: lead{n: m.r.Int64N(5), word: attemptWords[m.r.IntN(3)]}})
		}
		parts = append(parts, p)
	}
	whole := m.r.IntN(5) > 0 // or else it fails in the end
	var after map[int64]lead
	err := m.f.tenant.Write(m.f.ctx, func(tx store.Tx) error {
		after = maps.Clone(m.rows)
		for _, p := range parts {
			if err := m.part(tx, p, after); err != nil {
				return err
			}
		}
		if !whole {
			return errOwn
		}
		return nil
	})
	if whole && err != nil || !whole && !errors.Is(err, errOwn) {
		return err
	}
	if whole {
		m.rows = after
	}
	return m.compare(m.f.tenant, m.rows)
}

func (m *attempts) part(tx store.Tx, p part, rows map[int64]lead) error {
	before := maps.Clone(rows)
	do := func() error {
		for _, s := range p.steps {
			if err := m.step(tx, s, rows, p.attempt); err != nil {
				return err
			}
		}
		if p.attempt && p.fails {
			return errOwn
		}
		return nil
	}
	if !p.attempt {
		return do()
	}
	refused, err := tx.Attempt(m.f.ctx, do)
	if err != nil {
		return err
	}
	if refused != nil {
		clear(rows)
		maps.Copy(rows, before)
		if !errors.Is(refused, errOwn) && !fault.Is(refused, "store.duplicate_id") && !fault.Is(refused, "store.stale") {
			return refused
		}
	}
	if len(p.steps)%2 == 0 {
		return m.compare(tx, rows)
	}
	return nil
}

// step does one operation in the store and in the model. Where it must not be refused
// it is left out if it would be.
func (m *attempts) step(tx store.Tx, s step, rows map[int64]lead, refusable bool) error {
	key := int64(s.key)
	_, there := rows[key]
	if s.op == "insert" && there && !refusable || s.op == "update" && !there && !refusable {
		return nil
	}
	values := map[string]any{colN.Name: s.lead.n}
	switch s.op {
	case "insert":
		if err := tx.Insert(m.f.ctx, "lead", s.key, values, []string{s.lead.word}); err != nil {
			return err
		}
		rows[key] = s.lead
	case "update":
		if err := tx.Update(m.f.ctx, "lead", s.key, 0, values, []string{s.lead.word}); err != nil {
			return err
		}
		rows[key] = s.lead
	case "delete":
		if err := tx.Delete(m.f.ctx, "lead", s.key); err != nil {
			return err
		}
		delete(rows, key)
	default:
		return m.compare(tx, rows)
	}
	return nil
}

// compare reads the writer's rows and the words of them.
func (m *attempts) compare(from store.Reader, want map[int64]lead) error {
	mine := query.All{query.Compare{Ref: query.Field(query.ID), Op: query.Gt, Value: int64(m.from)}, query.Compare{Ref: query.Field(query.ID), Op: query.Le, Value: int64(m.from) + 20}}
	q := query.Select{Table: "lead", Columns: []query.Ref{query.Field(query.ID), query.Field(colN)}, Filter: mine, Sort: byID}
	got, err := collect(from.Select(m.f.ctx, q))
	if err != nil {
		return err
	}
	var rows []store.Row
	words := map[string][]int64{}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		rows = append(rows, store.Row{key, want[key].n})
		words[want[key].word] = append(words[want[key].word], key)
	}
	if g, w := ShowAll(got, false), ShowAll(rows, false); !slices.Equal(g, w) {
		return fmt.Errorf("rows %q, want %q", g, w)
	}
	for _, word := range attemptWords {
		q.Words = []query.Word{{Text: word}}
		found, err := collect(from.Select(m.f.ctx, q))
		if err != nil {
			return err
		}
		var keys []int64
		for _, row := range found {
			keys = append(keys, row[0].(int64))
		}
		if !slices.Equal(keys, words[word]) {
			return fmt.Errorf("rows with the word %s: %v, want %v", word, keys, words[word])
		}
	}
	return nil
}
