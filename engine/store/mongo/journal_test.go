package mongo_test

import (
	"cmp"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/mongo"
	"formwork/metadata/fieldtype"
)

// keptRow is a row of the collection journal.
type keptRow struct {
	ID       int64 `bson:"_id"`
	Position int64 `bson:"_position"` // 0: none
	Writer   int64 `bson:"writer"`
	Nth      int64 `bson:"nth"`
	After    int64 `bson:"after"`

	stamp int64
}

// journalKeeper is as much of MongoDB as a log needs: transactions whose rows appear
// when they are committed, a time for rows that are inserted, changes of one document
// at a time. One in ten changes dies half-way: a part of it happens, and its process is
// told of an error. Every command is alone under the server's lock, and rows are placed
// some time after that was asked for.
type journalKeeper struct {
	lock    *sync.Mutex
	clock   int64
	rows    map[int64]*keptRow
	pending map[string][]*keptRow // by transaction
	head    struct {
		Page  int64   `bson:"page"`
		First int64   `bson:"first"`
		Rows  []int64 `bson:"rows"`
	}
	died int
}

func newJournalKeeper(lock *sync.Mutex) *journalKeeper {
	k := &journalKeeper{lock: lock, rows: map[int64]*keptRow{}, pending: map[string][]*keptRow{}}
	k.head.First = 1
	return k
}

func (k *journalKeeper) answer(name string, command bson.Raw) bson.D {
	collection, _ := command.Lookup(name).StringValueOK()
	switch name + " " + collection {
	case "find formwork.logs":
		return headOf(k.head.Page, k.head.First, slices.Clone(k.head.Rows)...)
	case "find journal":
		return k.find(command)
	case "insert journal":
		return k.insert(command)
	case "update formwork.logs":
		return k.replaceHead(command)
	case "update journal":
		k.lock.Unlock()
		time.Sleep(time.Duration(rand.IntN(5000)) * time.Microsecond)
		k.lock.Lock()
		return k.place(command)
	case "commitTransaction ":
		for _, row := range k.pending[transactionOf(command)] {
			k.rows[row.ID] = row
		}
		delete(k.pending, transactionOf(command))
		return bson.D{{Key: "ok", Value: 1.0}}
	case "abortTransaction ":
		delete(k.pending, transactionOf(command))
		return bson.D{{Key: "ok", Value: 1.0}}
	}
	return nil
}

func transactionOf(command bson.Raw) string {
	return command.Lookup("lsid").String() + command.Lookup("txnNumber").String()
}

func (k *journalKeeper) find(command bson.Raw) bson.D {
	after, through, unplaced := int64(-1), int64(0), false
	if parts, ok := command.Lookup("filter", "$and").ArrayOK(); ok {
		after = parts.Index(0).Value().Document().Lookup("_position", "$gt").AsInt64()
		through = parts.Index(1).Value().Document().Lookup("_position", "$lte").AsInt64()
	} else {
		unplaced = command.Lookup("filter", "_position", "$eq").Type == bson.TypeNull
	}
	var some []*keptRow
	for row := range maps.Values(k.rows) {
		if unplaced && row.Position == 0 || !unplaced && row.Position > after && row.Position <= through {
			some = append(some, row)
		}
	}
	slices.SortFunc(some, func(a, b *keptRow) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.stamp, b.stamp))
	})
	some = some[:min(len(some), int(command.Lookup("limit").AsInt64()))]
	var documents []bson.D
	for _, row := range some {
		documents = append(documents, bson.D{{Key: "_id", Value: row.ID}, {Key: "_position", Value: row.Position},
			{Key: "writer", Value: row.Writer}, {Key: "nth", Value: row.Nth}, {Key: "after", Value: row.After}})
	}
	return found(documents...)
}

func (k *journalKeeper) insert(command bson.Raw) bson.D {
	var in struct{ Documents []keptRow }
	if err := bson.Unmarshal(command, &in); err != nil {
		return refusal(1)
	}
	for _, row := range in.Documents {
		k.clock++
		row.stamp = k.clock
		k.pending[transactionOf(command)] = append(k.pending[transactionOf(command)], &row)
	}
	return changed(len(in.Documents))
}

// dies reports whether a process dies now.
func (k *journalKeeper) dies() bool {
	if rand.IntN(10) > 0 {
		return false
	}
	k.died++
	return true
}

func (k *journalKeeper) replaceHead(command bson.Raw) bson.D {
	u := command.Lookup("updates", "0").Document()
	if u.Lookup("q", "page").AsInt64() != k.head.Page {
		return changed(0)
	}
	if err := u.Lookup("u", "$set").Unmarshal(&k.head); err != nil {
		return refusal(1)
	}
	if k.dies() {
		return refusal(2)
	}
	return changed(1)
}

func (k *journalKeeper) place(command bson.Raw) bson.D {
	updates, err := command.Lookup("updates").Array().Values()
	if err != nil {
		return refusal(1)
	}
	dies := k.dies()
	if dies {
		updates = updates[:rand.IntN(len(updates)+1)]
	}
	for _, u := range updates {
		row := k.rows[u.Document().Lookup("q", "_id").AsInt64()]
		if row != nil && row.Position == 0 {
			row.Position = u.Document().Lookup("u", "$set", "_position").AsInt64()
		}
	}
	if dies {
		return refusal(2)
	}
	return changed(len(updates))
}

// Transactions commit in another order than that of their ids and times; two processes
// read at once and die at any step. Nobody misses a row, all see one order, and a
// transaction that began after another was committed comes after it.
func TestLogsUnderTransactionsAndDeaths(t *testing.T) {
	s := newServer(t)
	k := newJournalKeeper(&s.mu)
	s.keeps, s.pageRows = k.answer, 3
	column := func(name string) query.Column { return query.Column{Name: name, Storage: fieldtype.Int} }
	columns := []query.Column{column("writer"), column("nth"), column("after")}
	type entry struct{ position, writer, nth, after int64 }
	read := func(acme store.Tenant, after int64) (all []entry, err error) {
		for r, err := range acme.ReadLog(t.Context(), store.LogRead{Table: "journal", Columns: columns, After: after, Limit: 400}) {
			if err != nil {
				return all, err
			}
			all = append(all, entry{r[0].(int64), r[1].(int64), r[2].(int64), r[3].(int64)})
		}
		return all, nil
	}

	const writers, rounds = 4, 40
	var writing, reading sync.WaitGroup
	var done atomic.Bool
	var committed atomic.Int64 // transactions, in the order in which their writers knew
	numbers := sync.Map{}      // of transactions: writer and nth → number
	seen := make([][]entry, 4)
	for p := range 2 {
		acme := s.open(mongo.Options{})
		for w := range int64(writers / 2) {
			writer := int64(p)*2 + w
			writing.Go(func() {
				for n := range int64(rounds) {
					fails := errors.New("of the test")
					err := acme.Write(t.Context(), func(tx store.Tx) error {
						after := committed.Load()
						for i := range int64(2) { // ids fall from writer to writer and within a transaction
							err := tx.Append(t.Context(), "journal", id.ID(100_000*(5-writer)+2*n-i+2), map[string]any{"writer": writer, "nth": 2*n + i, "after": after})
							if err != nil {
								return err
							}
							time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
						}
						if n%7 == 3 {
							return fails
						}
						return nil
					})
					if n%7 == 3 && errors.Is(err, fails) {
						continue
					}
					if err != nil {
						t.Error(err)
					}
					numbers.Store([2]int64{writer, n}, committed.Add(1))
				}
			})
		}
		for r := range 2 {
			reading.Go(func() {
				mine := &seen[2*p+r]
				for last := false; !last; {
					last = done.Load()
					after := int64(0)
					if n := len(*mine); n > 0 {
						after = (*mine)[n-1].position
					}
					rows, err := read(acme, after)
					*mine = append(*mine, rows...)
					last = last && err == nil && len(rows) == 0
				}
			})
		}
	}
	writing.Wait()
	done.Store(true)
	reading.Wait()

	whole := seen[0]
	for r := range seen {
		if !slices.Equal(seen[r], whole) {
			t.Fatalf("reader %d saw\n%v\nreader 0\n%v", r, seen[r], whole)
		}
	}
	if want := writers * (rounds - 6) * 2; len(whole) != want {
		t.Errorf("%d rows, want %d", len(whole), want)
	}
	late := 0
	for i, e := range whole {
		if i > 0 && e.position <= whole[i-1].position {
			t.Fatalf("%v after %v", e, whole[i-1])
		}
		number, ok := numbers.Load([2]int64{e.writer, e.nth / 2})
		if !ok {
			t.Fatalf("%v was never committed", e)
		}
		for _, before := range whole[:i] {
			if before.after >= number.(int64) {
				t.Fatalf("%v is read before %v, which was committed when it began", before, e)
			}
		}
		if i > 0 && e.writer != whole[i-1].writer {
			late++
		}
	}
	if k.died < 5 || late < 20 {
		t.Errorf("%d deaths, %d changes of the writer: too few to show anything", k.died, late)
	}
}
