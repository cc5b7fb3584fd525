package record_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store/teststore"
)

// For generated sharing rules and callers, a list holds exactly the records that the
// caller can read one by one; totals, aggregates, exports and words agree, and what
// can't be read can't be changed.
func TestListIsWhatCanBeRead(t *testing.T) { teststore.Each(t, listIsWhatCanBeRead) }

func listIsWhatCanBeRead(t *testing.T, open teststore.Opener) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, open).populate()
			r := rand.New(rand.NewPCG(seed, 11))
			w.apply(sharing(r)...)
			w.people["tim"] = &policy.Caller{Tenant: "acme", User: w.people["rita"].User + 1, Permissions: []string{"sales"}, Role: "rep", Teams: []string{"blue"},
				Language: "en", Location: time.UTC, Attributes: map[string]any{"region": "north", "id": int64(w.people["rita"].User + 1)}}
			all := map[string][]id.ID{}
			fill(w, r, all)
			for _, name := range []string{"ada", "boss", "rob", "rita", "rex", "tim"} {
				for _, object := range []string{"account", "deal", "line", "note"} {
					agree(w, name, object, all[object])
				}
			}
		})
	}
}

// sharing are generated sharing rules.
func sharing(r *rand.Rand) []string {
	conditions := []string{`stage == \"won\"`, `account.industry == \"retail\"`, `discount > 10 or account == nil`, `not (close_date > \"2026-06-01\")`,
		`account.parent.name contains \"1\"`, `account.region == user.region`, `chance in [10, 50]`, `why == nil and stage != \"open\"`}
	holders := []string{`"roles": ["rep"]`, `"permissions": ["reader"]`, `"teams": ["blue"]`, `"users": "user.region == \"west\""`, `"match": {"account.region": "region"}`, `"everyone": true`}
	var rules []string
	for i := range 2 + r.IntN(3) {
		access := []string{"read", "write"}[r.IntN(2)]
		rules = append(rules, fmt.Sprintf(`{"kind": "sharing", "name": "s%d", "label": "S", "object": "deal", "when": "%s", "to": {%s}, "access": "%s"}`,
			i, conditions[r.IntN(len(conditions))], holders[r.IntN(len(holders))], access))
	}
	return rules
}

// fill makes records of several owners.
func fill(w *world, r *rand.Rand, all map[string][]id.ID) {
	w.t.Helper()
	s := w.system()
	owner := func() string {
		return w.people[[]string{"ada", "boss", "rob", "rita", "rex"}[r.IntN(5)]].User.String()
	}
	some := func(object string) any {
		if keys := all[object]; len(keys) > 0 && r.IntN(4) > 0 {
			return keys[r.IntN(len(keys))].String()
		}
		return nil
	}
	for i := range 12 {
		saved := w.create(s, "account", map[string]any{"name": fmt.Sprint("Account ", i), "owner": owner(), "industry": []string{"media", "retail"}[r.IntN(2)],
			"region": []string{"west", "east", "north"}[r.IntN(3)], "parent": some("account"), "secret": "hidden word"})
		all["account"] = append(all["account"], saved.Record.ID())
	}
	for i := range 60 {
		data := map[string]any{"name": fmt.Sprint("Deal ", i), "owner": owner(), "account": some("account"), "discount": number(fmt.Sprint(r.IntN(20)))}
		if r.IntN(2) == 0 {
			data["close_date"] = fmt.Sprintf("2026-%02d-01", 1+r.IntN(12))
		}
		deal := w.create(s, "deal", data).Record.ID()
		all["deal"] = append(all["deal"], deal)
		if r.IntN(3) == 0 {
			w.update(s, "deal", deal, map[string]any{"stage": "proposal", "close_date": "2026-05-05", "approved": true})
			w.update(s, "deal", deal, map[string]any{"stage": "won"})
		}
		all["line"] = append(all["line"], w.create(s, "line", map[string]any{"deal": deal.String(), "unit": number("1")}).Record.ID())
	}
	all["note"] = append(all["note"], w.create(s, "note", map[string]any{"title": "N"}).Record.ID())
}

func agree(w *world, name, object string, all []id.ID) {
	w.t.Helper()
	s := w.as(name)
	var readable []id.ID
	for _, key := range all {
		_, err := s.Get(w.ctx, object, key, nil)
		switch {
		case err == nil:
			readable = append(readable, key)
			continue
		case fault.Is(err, "record.forbidden"):
			if _, err := s.List(w.ctx, object, record.ListQuery{}); !fault.Is(err, "record.forbidden") {
				w.t.Fatalf("%s may list %s: %v", name, object, err)
			}
			return
		case !fault.Is(err, "record.not_found"):
			w.t.Fatal(err)
		}
		if _, err := s.Update(w.ctx, object, key, map[string]any{"owner": nil}, 0); err == nil {
			w.t.Fatalf("%s changed %s %s without being able to read it", name, object, key)
		}
		if err := s.Delete(w.ctx, object, key, 0); err == nil {
			w.t.Fatalf("%s deleted %s %s without being able to read it", name, object, key)
		}
	}
	listed, cursor := []id.ID{}, ""
	for {
		page, err := s.List(w.ctx, object, record.ListQuery{Limit: 7, Cursor: cursor, Total: record.ExactTotal, Fields: []string{"id"}})
		if err != nil {
			w.t.Fatal(err)
		}
		if *page.Total != int64(len(readable)) {
			w.t.Fatalf("%s: total of %s is %d, and %d can be read", name, object, *page.Total, len(readable))
		}
		for _, item := range page.Items {
			listed = append(listed, item.ID())
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if !slices.Equal(listed, readable) {
		w.t.Fatalf("%s lists %d of %s, and can read %d", name, len(listed), object, len(readable))
	}
	rows, err := s.Aggregate(w.ctx, object, record.AggregateQuery{})
	if err != nil {
		w.t.Fatal(err)
	}
	if got := string(rows[0].AppendJSON(nil)); got != fmt.Sprintf(`{"count":%d}`, len(readable)) {
		w.t.Fatalf("%s counts %s of %s, and can read %d", name, got, object, len(readable))
	}
	var found []id.ID
	if object == "deal" {
		for r, err := range s.Each(w.ctx, object, record.ListQuery{Q: "deal", Fields: []string{"name"}}) {
			if err != nil {
				w.t.Fatal(err)
			}
			found = append(found, r.ID())
		}
		if !slices.Equal(found, readable) {
			w.t.Fatalf("%s finds %d deals, and can read %d", name, len(found), len(readable))
		}
	}
	if hits, err := s.Search(w.ctx, "hidden", nil, 50); err != nil || (name != "ada" && len(hits) > 0) {
		w.t.Fatalf("%s finds what may not be read: %v %v", name, hits, err)
	}
}

// Everything that is refused leaves nothing behind, and says nothing of what may not
// be known.
func TestRefusedWritesSayNothing(t *testing.T) {
	w := newWorld(t).populate()
	hidden := w.create(w.as("rob"), "deal", map[string]any{"name": "Hidden name"}).Record.ID()
	missing := hidden + 1
	for _, key := range []id.ID{hidden, missing} {
		_, err := w.as("rita").Update(w.ctx, "deal", key, map[string]any{"name": "x"}, 7)
		if got := faults(err); got != "record.not_found" {
			t.Errorf("%s: %s", key, got)
		}
		err = w.as("rita").Delete(w.ctx, "deal", key, 7)
		if got := faults(err); got != "record.not_found" || strings.Contains(fmt.Sprint(err), "Hidden") {
			t.Errorf("%s: %s", key, got)
		}
	}
}
