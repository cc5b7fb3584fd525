// Package backuptest tests backups of a tenant over days, whatever the stores and the place of
// the copies. Only tests import it.
package backuptest

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"formwork/engine/backup"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/storetest"
	"formwork/metadata/fieldtype"
)

// start is the first hour of a week.
var start = time.Date(2026, 3, 2, 0, 30, 0, 0, time.UTC)

const (
	name         = "acme"
	writesAnHour = 20
	records      = 50 // that are written again and again
	blobEvery    = 10 // writes
)

var (
	colN = query.Column{Name: "n", Storage: fieldtype.Int}

	person = store.Table{Name: "person", Columns: []query.Column{query.Version, colN}, Search: true}
	file   = store.Table{Name: "file", Columns: []query.Column{colN}} // its ids are keys of blobs
	ledger = store.Table{Name: "ledger", Columns: []query.Column{colN}, Log: true}
)

// Hours has a tenant of a store copied to a place every hour, by a clock of its own, while it
// is written to, and copies kept by a rule, which holds after each hour. Then copies from
// all over the time are restored under other names into stores: each has, row by row and blob
// by blob, what was there at the moment when it was taken. It goes on for a little more than a
// day, or for as many hours as FORMWORK_SOAK_BACKUPS says.
func Hours(t *testing.T, place backup.Place, from store.Store, into map[string]store.Store) {
	hours := 30
	if given := os.Getenv("FORMWORK_SOAK_BACKUPS"); given != "" {
		var err error
		hours, err = strconv.Atoi(given)
		must(t, err)
	}
	now := start
	keeper := &backup.Keeper{Place: place, Store: from, Program: "test", Now: func() time.Time { return now }}
	rule, err := backup.ParseRule("24h,7d,4w")
	must(t, err)
	tenant, err := from.Create(t.Context(), name)
	must(t, err)
	must(t, tenant.Define(t.Context(), person, file, ledger))
	for hour := range hours {
		writing := make(chan error, 1)
		go func() {
			var err error
			for n := range writesAnHour {
				if err == nil {
					err = write(t, tenant, int64(hour*writesAnHour+n+1))
				}
			}
			writing <- err
		}()
		_, err := keeper.Take(t.Context(), name)
		must(t, err)
		must(t, <-writing)
		_, err = keeper.Prune(t.Context(), name, rule)
		must(t, err)
		keeps(t, keeper, hour)
		now = now.Add(time.Hour)
	}
	now = now.Add(-time.Minute) // in the last hour, when nobody writes any more
	last, err := keeper.Take(t.Context(), name)
	must(t, err)
	copies, err := keeper.Copies(t.Context(), name)
	must(t, err)
	was := storetest.Contents(t, tenant)
	blobs(t, place, copies)
	for where, target := range into {
		chosen := []*backup.Copy{last, copies[1], copies[len(copies)/2], copies[len(copies)-1]}
		for i, c := range chosen {
			to := *keeper
			to.Store = target
			as := fmt.Sprintf("again-%d", i)
			restored, err := to.Restore(t.Context(), name, as, c.Taken)
			must(t, err)
			if !restored.Taken.Equal(c.Taken) {
				t.Fatalf("the copy of %v was restored, want that of %v", restored.Taken, c.Taken)
			}
			again, err := target.Tenant(t.Context(), as)
			must(t, err)
			hour := int(c.Taken.Sub(start) / time.Hour)
			n := check(t, again)
			if least, most := int64(hour*writesAnHour), int64((hour+1)*writesAnHour); n < least || n > most {
				t.Errorf("%s: the copy of hour %d has %d writes, want %d to %d", where, hour, n, least, most)
			}
			if c == last {
				storetest.SameContents(t, where+": the last copy", storetest.Contents(t, again), was)
			}
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// written is what the n-th write does: to which record, and whether it removes it.
func written(n int64) (key id.ID, removes bool) { return id.ID(n%records + 1), n%7 == 0 }

func word(n int64) string { return fmt.Sprintf("word%d", n) }

func contents(key id.ID) string { return strings.Repeat(fmt.Sprintf("the contents of %d\n", key), 500) }

// write is the n-th write. All of it but blobs is one transaction. A blob goes a simulated
// day after the row that names it.
func write(t *testing.T, tenant store.Tenant, n int64) error {
	const day = 24 * writesAnHour
	ctx, withBlob := t.Context(), n%blobEvery == 0
	if withBlob {
		if _, err := tenant.Blobs().Put(ctx, id.ID(n), strings.NewReader(contents(id.ID(n))), 1<<20); err != nil {
			return err
		}
		if n > 2*day {
			if err := tenant.Blobs().Delete(ctx, id.ID(n-2*day)); err != nil {
				return err
			}
		}
	}
	return tenant.Write(ctx, func(tx store.Tx) error {
		key, removes := written(n)
		values := map[string]any{colN.Name: n, query.Version.Name: int64(1)}
		var err error
		if removes {
			err = tx.Delete(ctx, person.Name, key)
		} else if err = tx.Update(ctx, person.Name, key, 0, values, []string{word(n)}); fault.Is(err, "store.stale") {
			err = tx.Insert(ctx, person.Name, key, values, []string{word(n)})
		}
		if err == nil && withBlob {
			if err = tx.Insert(ctx, file.Name, id.ID(n), map[string]any{colN.Name: n}, nil); err == nil && n > day {
				err = tx.Delete(ctx, file.Name, id.ID(n-day))
			}
		}
		if err != nil {
			return err
		}
		return tx.Append(ctx, ledger.Name, id.ID(n), map[string]any{colN.Name: n})
	})
}

// state is what there is after the n-th write: the values of records, and the files.
func state(n int64) (people map[int64]int64, files []int64) {
	people = map[int64]int64{}
	for i := int64(1); i <= n; i++ {
		key, removes := written(i)
		if people[int64(key)] = i; removes {
			delete(people, int64(key))
		}
		if i%blobEvery == 0 && i > n-24*writesAnHour {
			files = append(files, i)
		}
	}
	return people, files
}

// check compares a tenant with what there was after as many writes as its ledger has.
func check(t *testing.T, tenant store.Tenant) (writes int64) {
	t.Helper()
	q := store.LogRead{Table: ledger.Name, Columns: []query.Column{colN}, Limit: 1 << 30}
	for row, err := range tenant.ReadLog(t.Context(), q) {
		must(t, err)
		if n := q.Entry(row).Int(colN); n != writes+1 {
			t.Fatalf("write %d follows write %d", n, writes)
		}
		writes++
	}
	people, files := state(writes)
	got := map[int64]int64{}
	for found, err := range store.Find(t.Context(), tenant, query.Select{Table: person.Name}, query.ID, colN) {
		must(t, err)
		got[int64(found.ID(query.ID))] = found.Int(colN)
	}
	if !maps.Equal(got, people) {
		t.Errorf("after %d writes the records are %v, want %v", writes, got, people)
	}
	for key, n := range people {
		found, err := tenant.Count(t.Context(), person.Name, query.Is(query.ID, key), []query.Word{{Text: word(n)}}, 0)
		if err != nil || found != 1 {
			t.Errorf("record %d is not found by %s (%v)", key, word(n), err)
		}
	}
	var named []int64
	for found, err := range store.Find(t.Context(), tenant, query.Select{Table: file.Name, Sort: []query.Order{{Ref: query.Field(query.ID)}}}, query.ID) {
		must(t, err)
		key := found.ID(query.ID)
		named = append(named, int64(key))
		in, err := tenant.Blobs().Open(t.Context(), key, 0, -1)
		must(t, err)
		raw, err := io.ReadAll(in)
		if err != nil || in.Close() != nil || string(raw) != contents(key) {
			t.Errorf("the blob %d has %d bytes (%v)", key, len(raw), err)
		}
	}
	if !slices.Equal(named, files) {
		t.Errorf("after %d writes the files are %v, want %v", writes, named, files)
	}
	return writes
}

// keeps finds the copies that the rule says after an hour, which is counted from the start of
// a week.
func keeps(t *testing.T, keeper *backup.Keeper, hour int) {
	t.Helper()
	var want, got []int
	for h := hour; h >= 0; h-- {
		endsDay, endsWeek := h%24 == 23 || h == hour, h%(7*24) == 7*24-1 || h == hour
		if h > hour-24 || endsDay && h/24 > hour/24-7 || endsWeek && h/(7*24) > hour/(7*24)-4 {
			want = append(want, h)
		}
	}
	copies, err := keeper.Copies(t.Context(), name)
	must(t, err)
	for _, c := range copies {
		got = append(got, int(c.Taken.Sub(start)/time.Hour))
	}
	if !slices.Equal(got, want) {
		t.Fatalf("after hour %d the copies are of the hours %v, want %v", hour, got, want)
	}
}

// blobs finds no more blobs in a place than its copies can name.
func blobs(t *testing.T, place backup.Place, copies []*backup.Copy) {
	t.Helper()
	most, n := int64(0), int64(0)
	for _, c := range copies {
		most += c.Blobs
	}
	for _, err := range place.Names(t.Context(), path.Join(name, "blobs")+"/") {
		must(t, err)
		n++
	}
	if n == 0 || n > most {
		t.Errorf("%d blobs are kept, and the copies name %d", n, most)
	}
}
