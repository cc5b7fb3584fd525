package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// journal is a log: colN says who wrote, colBig the how many-th it was.
var journal = store.Table{Name: "journal", Columns: []query.Column{colN, colBig}, Log: true}

// entry is a row of journal.
type entry struct{ position, n, big int64 }

var logCases = []testCase{
	{"a log is read in the order of writing", func(f *fixture) {
		f.define(journal)
		if end, err := f.tenant.LogEnd(f.ctx, "journal"); err != nil || end != 0 {
			f.Errorf("the end of an empty log is %d, %v", end, err)
		}
		f.entries("empty", f.readLog(0, 10), nil)
		// Ids fall, as those of a process whose clock is behind.
		f.write(func(tx store.Tx) error {
			return errors.Join(f.append(tx, 900, 1, 1), f.append(tx, 901, 1, 2))
		})
		if err := f.tenant.Write(f.ctx, func(tx store.Tx) error {
			return errors.Join(f.append(tx, 800, 7, 7), errOwn)
		}); !errors.Is(err, errOwn) {
			f.Fatal(err)
		}
		f.write(func(tx store.Tx) error {
			refused, err := tx.Attempt(f.ctx, func() error { return errors.Join(f.append(tx, 700, 8, 8), errOwn) })
			if !errors.Is(refused, errOwn) {
				f.Errorf("an attempt ended with %v", refused)
			}
			return errors.Join(err, f.append(tx, 500, 2, 1))
		})
		f.write(func(tx store.Tx) error { return f.append(tx, 100, 2, 2) })
		all := f.readLog(0, 10)
		f.entries("all", all, [][2]int64{{1, 1}, {1, 2}, {2, 1}, {2, 2}})
		f.entries("a part", f.readLog(all[0].position, 2), [][2]int64{{1, 2}, {2, 1}})
		f.entries("behind the end", f.readLog(all[3].position, 10), nil)
		for i, want := range []int64{4, 3, 2, 1, 0} {
			after := int64(0)
			if i > 0 {
				after = all[i-1].position
			}
			if n, err := f.tenant.CountLog(f.ctx, "journal", after, 10); err != nil || n != want {
				f.Errorf("%d rows behind row %d, %v, want %d", n, i, err, want)
			}
		}
		if n, err := f.tenant.CountLog(f.ctx, "journal", 0, 3); err != nil || n != 3 {
			f.Errorf("counted %d up to 3, %v", n, err)
		}
		if end, err := f.tenant.LogEnd(f.ctx, "journal"); err != nil || end != all[3].position {
			f.Errorf("the end is %d, %v, want %d", end, err, all[3].position)
		}
		if n, err := f.tenant.Count(f.ctx, "journal", query.Is(colN, int64(2)), nil, 0); err != nil || n != 2 {
			f.Errorf("counted %d rows as those of any table, %v", n, err)
		}
		f.entries("once more", f.readLog(0, 10), [][2]int64{{1, 1}, {1, 2}, {2, 1}, {2, 2}})
	}},
	{"a trimmed log goes on", func(f *fixture) {
		f.define(journal)
		after := int64(0)
		for round := range int64(4) {
			f.write(func(tx store.Tx) error {
				for i := range int64(3) {
					if err := f.append(tx, id.ID(1000-10*round+i), round, i); err != nil {
						return err
					}
				}
				return nil
			})
			seen := f.readLog(after, 10)
			f.entries(fmt.Sprint("round ", round), seen, [][2]int64{{round, 0}, {round, 1}, {round, 2}})
			if round == 1 { // a part first, twice
				for range 2 {
					f.trim(seen[0].position)
				}
				f.entries("what was not trimmed", f.readLog(after, 10), [][2]int64{{round, 1}, {round, 2}})
			}
			after = seen[2].position
			f.trim(after)
			if left := f.readLog(0, 10); len(left) > 1 {
				f.Errorf("trimming left %v", left)
			}
		}
		if end, err := f.tenant.LogEnd(f.ctx, "journal"); err != nil || end < after {
			f.Errorf("the end is %d after everything up to %d was trimmed, %v", end, after, err)
		}
	}},
	{"a table becomes a log", func(f *fixture) {
		plain := journal
		plain.Log = false
		f.define(plain)
		for key := range id.ID(3) {
			f.must(f.insert("journal", 10+key, map[string]any{colN.Name: int64(0), colBig.Name: int64(key)}))
		}
		f.define(journal)
		f.define(journal)
		f.write(func(tx store.Tx) error { return f.append(tx, 5, 1, 0) })
		f.entries("what was there comes first", f.readLog(0, 10), [][2]int64{{0, 0}, {0, 1}, {0, 2}, {1, 0}})
	}},
	{"nobody who reads a log misses a row", func(f *fixture) {
		f.define(journal, simple)
		f.must(f.insert("lead", 1, map[string]any{colN.Name: int64(0)}))
		const writers, rounds, readers = 6, 25, 2
		var done atomic.Bool
		var reading, writing sync.WaitGroup
		seen := make([][]entry, readers)
		for r := range readers {
			reading.Go(func() {
				for last := false; !last; {
					last = done.Load() // what is written before is read below
					after := int64(0)
					if n := len(seen[r]); n > 0 {
						after = seen[r][n-1].position
					}
					rows, err := f.tryReadLog(f.ctx, after, 1000)
					if err != nil {
						f.Error(err)
						return
					}
					seen[r] = append(seen[r], rows...)
				}
			})
		}
		for w := range int64(writers) {
			writing.Go(func() {
				made := int64(0)
				for i := range int64(rounds) {
					fail := (w+i)%5 == 0
					err := f.tenant.Write(f.ctx, func(tx store.Tx) error {
						n := int64(0)
						if i%2 == 0 { // those that touch one row have an order among each other
							if err := tx.Lock(f.ctx, "lead", 1); err != nil {
								return err
							}
							q := query.Select{Table: "lead", Columns: []query.Ref{query.Field(colN)}, Filter: query.Is(query.ID, int64(1))}
							for row, err := range tx.Select(f.ctx, q) {
								if err != nil {
									return err
								}
								n = row[0].(int64) + 1
							}
							if err := tx.Update(f.ctx, "lead", 1, 0, map[string]any{colN.Name: n}, nil); err != nil {
								return err
							}
						}
						key := id.ID(1000*(w+1) + i) // falls from writer to writer
						if w%2 == 0 {
							key = id.ID(1000*(w+1) - i)
						}
						if err := f.append(tx, key, w, made+1); err != nil {
							return err
						}
						if n > 0 {
							if err := f.append(tx, key+100_000, -1, n); err != nil {
								return err
							}
						}
						if fail {
							return errOwn
						}
						return nil
					})
					if fail != errors.Is(err, errOwn) || err != nil && !fail {
						f.Errorf("writer %d: %v", w, err)
					}
					if !fail {
						made++
					}
				}
			})
		}
		writing.Wait()
		done.Store(true)
		reading.Wait()
		whole := f.readLog(0, 10_000)
		for r := range readers {
			if !slices.Equal(seen[r], whole) {
				f.Fatalf("reader %d:\n got %v\nwant %v", r, seen[r], whole)
			}
		}
		next := map[int64]int64{} // by writer; -1: of those that touch one row
		for i, e := range whole {
			if i > 0 && e.position <= whole[i-1].position {
				f.Fatalf("%v comes after %v", e, whole[i-1])
			}
			if next[e.n]++; e.big != next[e.n] {
				f.Fatalf("row %d of %d comes where %d belongs: %v", e.big, e.n, next[e.n], whole)
			}
		}
		for w := range int64(writers) {
			if next[w] != rounds*4/5 {
				f.Errorf("%d rows of writer %d", next[w], w)
			}
		}
	}},
	{"property: a log is what was appended", func(f *fixture) {
		f.define(journal)
		r := f.source(31)
		var model []entry // position 0: not known yet
		first, written := 0, int64(0)
		for range 200 {
			switch r.IntN(4) {
			case 0, 1: // a write, of several rows, which may fail
				rows, fail := 1+r.IntN(4), r.IntN(4) == 0
				var added []entry
				base := id.ID(1 + r.Int64N(1<<40))
				err := f.tenant.Write(f.ctx, func(tx store.Tx) error {
					added = nil
					for i := range rows {
						e := entry{n: written, big: int64(i)}
						if err := f.append(tx, base+id.ID(i), e.n, e.big); err != nil {
							return err
						}
						added = append(added, e)
					}
					if fail {
						return errOwn
					}
					return nil
				})
				if !fail {
					f.must(err)
					model = append(model, added...)
					written++
				}
			case 2: // a page from somewhere
				from, limit := first, 1+r.IntN(20)
				after := int64(0)
				if known := slices.IndexFunc(model[first:], func(e entry) bool { return e.position == 0 }); known > 0 || known < 0 && len(model) > first {
					if known < 0 {
						known = len(model) - first
					}
					from = first + r.IntN(known) + 1
					after = model[from-1].position
				}
				got := f.readLog(after, limit)
				want := model[from:min(from+limit, len(model))]
				if len(got) != len(want) {
					f.Fatalf("%d rows behind row %d, want %d", len(got), from, len(want))
				}
				for i, e := range got {
					at := &model[from+i]
					if e.n != at.n || e.big != at.big || at.position != 0 && at.position != e.position || from+i > 0 && e.position <= model[from+i-1].position {
						f.Fatalf("row %d is %v, want %v", from+i, e, *at)
					}
					at.position = e.position
				}
			case 3: // a part goes
				if r.IntN(3) > 0 || first >= len(model) || model[first].position == 0 {
					continue
				}
				f.trim(model[first].position)
				if left := f.readLog(0, 1); len(left) == 0 || left[0].n != model[first].n || left[0].big != model[first].big {
					first++ // else it is the last, and stays
				}
			}
		}
		if written < 50 {
			f.Fatalf("only %d writes", written)
		}
	}},
}

func (f *fixture) append(tx store.Tx, key id.ID, n, big int64) error {
	return tx.Append(f.ctx, "journal", key, map[string]any{colN.Name: n, colBig.Name: big})
}

func (f *fixture) tryReadLog(ctx context.Context, after int64, limit int) (entries []entry, err error) {
	q := store.LogRead{Table: "journal", Columns: []query.Column{colN, colBig}, After: after, Limit: limit}
	for row, err := range f.tenant.ReadLog(ctx, q) {
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{row[0].(int64), row[1].(int64), row[2].(int64)})
	}
	return entries, nil
}

func (f *fixture) readLog(after int64, limit int) []entry {
	f.Helper()
	entries, err := f.tryReadLog(f.ctx, after, limit)
	f.must(err)
	return entries
}

func (f *fixture) trim(through int64) {
	f.Helper()
	f.write(func(tx store.Tx) error {
		_, err := tx.TrimLog(f.ctx, "journal", through)
		return err
	})
}

// entries asserts the colN and colBig of rows.
func (f *fixture) entries(what string, got []entry, want [][2]int64) {
	f.Helper()
	if !slices.EqualFunc(got, want, func(e entry, w [2]int64) bool { return e.n == w[0] && e.big == w[1] }) {
		f.Errorf("%s: got %v, want %v", what, got, want)
	}
}
