package record_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/engine/store/teststore"
)

// The columns of a board have, page after page, all records of the list and each once, and
// count what they have.
func TestBoardIsTheList(t *testing.T) { teststore.Each(t, boardIsTheList) }

func boardIsTheList(t *testing.T, open teststore.Opener) {
	w := newWorldOn(t, open).populate()
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 40 {
		data := map[string]any{"name": fmt.Sprint("A", i), "active": r.IntN(2) == 0, "employees": number(fmt.Sprint(r.IntN(9)))}
		if r.IntN(4) > 0 {
			data["industry"] = []string{"energy", "retail", "media"}[r.IntN(3)]
		}
		w.create(w.as([]string{"rob", "rita"}[r.IntN(2)]), "account", data)
	}
	owners := []any{w.people["rob"].User.String(), w.people["rita"].User.String()}
	for _, q := range []record.BoardQuery{
		{By: "industry"}, {By: "owner"}, {By: "active", Sort: []string{"-employees", "name"}}, {By: "owner", Columns: owners, Filter: "employees > 2 // some"},
		{By: "industry", Columns: []any{nil, "energy", "retail", "media"}, Within: "active"},
		{By: "industry", Q: "a1", Filter: "employees > 1"}, // of searched fields she may not read all
	} {
		q.Limit, q.Fields = 1+r.IntN(5), []string{"name"}
		board, err := w.as("rita").Board(w.ctx, "account", q)
		if err != nil {
			t.Fatal(err)
		}
		seen, total := map[id.ID]int{}, int64(0)
		for _, c := range board.Columns {
			cards, n, limit := c.Cards, int64(0), q.Limit
			for {
				for _, card := range cards.Items {
					seen[card.ID()]++
					n++
				}
				if cards.Next == "" {
					break
				}
				if len(cards.Items) != limit {
					t.Errorf("%+v: %d cards of more", q, len(cards.Items))
				}
				limit = 3
				if cards, err = w.as("rita").List(w.ctx, "account", record.ListQuery{Filter: c.Filter, Within: q.Within, Q: q.Q, Sort: q.Sort, Fields: q.Fields, Limit: limit, Cursor: cards.Next}); err != nil {
					t.Fatal(err)
				}
			}
			if n != c.Count {
				t.Errorf("%+v: column %s counts %d and has %d", q, c.Value, c.Count, n)
			}
			total += n
		}
		whole, err := w.as("rita").List(w.ctx, "account", record.ListQuery{Filter: q.Filter, Within: q.Within, Q: q.Q, Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		if len(whole.Items) == 0 || len(seen) != len(whole.Items) || total != int64(len(seen)) {
			t.Errorf("%+v: %d cards of %d records, the list has %d", q, total, len(seen), len(whole.Items))
		}
	}
	w.create(w.as("ada"), "account", map[string]any{"name": "Raven", "secret": "classified", "owner": w.people["rita"].User.String()})
	for who, want := range map[string]string{"ada": "1", "rita": "0"} {
		rows, err := w.as(who).Aggregate(w.ctx, "account", record.AggregateQuery{Q: "classified"})
		if got := fmt.Sprintf("%s", rows[0].AppendJSON(nil)); err != nil || got != `{"count":`+want+`}` {
			t.Errorf("words that only some may read: %s finds %s, %v", who, got, err)
		}
	}
}
