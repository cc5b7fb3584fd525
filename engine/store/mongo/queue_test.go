package mongo_test

import (
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/bson"

	"formwork/engine/id"
	"formwork/engine/store"
	"formwork/engine/store/mongo"
)

// rowKeeper has transactions conflict as MongoDB does: who changes a row that another one
// has changed, or that was changed since the first command, is refused.
type rowKeeper struct {
	time      int64
	began     map[string]int64 // transactions
	holds     map[string]string
	changed   map[string]int64
	conflicts int
}

func (k *rowKeeper) answer(name string, command bson.Raw) bson.D {
	in := transactionOf(command)
	if _, known := k.began[in]; !known {
		k.began[in] = k.time
	}
	switch name {
	case "update":
		row := command.Lookup("updates", "0", "q", "_id").String()
		if by := k.holds[row]; by != "" && by != in || k.changed[row] > k.began[in] {
			k.conflicts++
			return refusal(112, transient)
		}
		k.holds[row] = in
	case "commitTransaction", "abortTransaction":
		k.time++
		for row, by := range k.holds {
			if by == in {
				delete(k.holds, row)
				if name == "commitTransaction" {
					k.changed[row] = k.time
				}
			}
		}
	}
	return nil
}

// Writers of one process that lock or change one row take turns: none is refused by the
// server more than once, for a snapshot that it took before its turn.
func TestWritersOfOneRowTakeTurns(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	k := &rowKeeper{began: map[string]int64{}, holds: map[string]string{}, changed: map[string]int64{}}
	s.mu.Lock()
	s.keeps = k.answer
	s.mu.Unlock()
	const writers, each = 8, 10
	var together sync.WaitGroup
	for w := range writers {
		together.Go(func() {
			for n := range each {
				met := 0
				err := tenant.Write(t.Context(), func(tx store.Tx) error {
					met++
					if _, err := tx.Count(t.Context(), "account", nil, nil, 0); err != nil {
						return err
					}
					rows := []id.ID{1, id.ID(2 + w%2)}
					if n%2 == 0 { // in no order
						rows[0], rows[1] = rows[1], rows[0]
					}
					if err := tx.Lock(t.Context(), "account", rows[0]); err != nil {
						return err
					}
					return tx.Update(t.Context(), "account", rows[1], 0, map[string]any{"n:i": int64(n)}, nil)
				})
				// Each row is waited for once, and is changed behind one snapshot once.
				if err != nil || met > 5 {
					t.Errorf("writer %d: %d runs, %v", w, met, err)
				}
			}
		})
	}
	together.Wait()
	t.Logf("%d conflicts of %d writes", k.conflicts, writers*each)
	if k.conflicts > writers*each {
		t.Errorf("%d conflicts", k.conflicts)
	}
}
