package draft_test

import (
	"fmt"
	"slices"
	"testing"

	"formwork/engine/draft"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store/teststore"
	"formwork/metadata"
)

// reads lists the names of the things that somebody reads.
func (w *world) reads(c *policy.Caller) []string {
	w.t.Helper()
	page, err := w.As(c).List(w.t.Context(), "thing", record.ListQuery{Fields: []string{"name"}, Limit: 100})
	if fault.Is(err, "record.forbidden") {
		return nil
	}
	w.must(err)
	var names []string
	for _, r := range page.Items {
		names = append(names, r.CSV(1))
	}
	return names
}

// What a draft is said to do to people is what they can do once it is published.
func TestPeople(t *testing.T) {
	set := metadata.Key{Kind: "permission", Name: "worker"}
	cases := []struct {
		says  string
		key   metadata.Key
		patch string
	}{
		{"a set is narrowed", set, `{"objects":{"thing":{"read_all":null}}}`},
		{"a right is taken", set, `{"objects":{"thing":null}}`},
		{"a field is hidden", set, `{"objects":{"thing":{"fields":{"size":"none"}}}}`},
		{"a right is given", set, `{"objects":{"place":{"read":true,"fields":{"*":"read"}}}}`},
		{"a rule shares", metadata.Key{Kind: "sharing", Name: "small"}, `{"object":"thing","when":"size < 2","to":{"everyone":true},"access":"read"}`},
		{"everybody sees", thing, `{"visibility":"read"}`},
		{"nothing of it matters", thing, `{"label":"Something"}`},
	}
	teststore.Each(t, func(t *testing.T, open teststore.Opener) {
		for _, of := range cases {
			t.Run(of.says, func(t *testing.T) {
				w := newWorld(t, open)
				w.Apply(`{"kind":"object","name":"thing","label":"Thing","name_field":"name","visibility":"private","fields":{"name":{"type":"text"},"size":{"type":"number"},"at":{"type":"lookup","object":"place"}}}`,
					`{"kind":"permission","name":"shaper","label":"Shaper","objects":{"*":{"create":true,"read":true,"update":true,"read_all":true,"fields":{"*":"edit"}}},"system":["manage_metadata","manage_permissions","view_setup"]}`,
					`{"kind":"permission","name":"worker","label":"Worker","objects":{"thing":{"read":true,"read_all":true,"fields":{"*":"read"}}}}`,
					`{"kind":"permission","name":"owner","label":"Owner","objects":{"thing":{"read":true,"fields":{"*":"read"}}}}`)
				workers := []*policy.Caller{w.CallerWith("bob@example.com", "worker"), w.CallerWith("cleo@example.com", "worker")}
				owner := w.CallerWith("dan@example.com", "owner")
				for i := range 4 {
					w.Create("thing", map[string]any{"name": fmt.Sprint("thing ", i), "size": fmt.Sprint(i), "owner": owner.User.String()})
					w.Create("thing", map[string]any{"name": fmt.Sprint("nobody's ", i), "size": fmt.Sprint(i)})
				}
				d := w.begin()
				w.patch(d, of.key, of.patch)
				people, err := w.drafts().People(t.Context(), d)
				w.must(err)
				had := map[*policy.Caller][]string{workers[0]: w.reads(workers[0]), owner: w.reads(owner)}
				_, err = w.drafts().Publish(t.Context(), d, "", nil)
				w.must(err)
				for caller, before := range had {
					after := w.reads(caller)
					more, fewer := without(after, before), without(before, after)
					reach := w.reachOf(people, caller, "thing")
					if int(reach.More.Count) != more || int(reach.Fewer.Count) != fewer {
						t.Errorf("%s: it said %d more and %d fewer, and it is %d and %d", caller.Email, reach.More.Count, reach.Fewer.Count, more, fewer)
					}
				}
				switch of.says {
				case "a field is hidden":
					if fields := w.reachOf(people, workers[0], "thing").Fields; !slices.Equal(fields, []draft.FieldReach{{Field: "size", Before: "read", After: ""}}) {
						t.Errorf("fields: %+v", fields)
					}
				case "a right is given":
					if gained := w.reachOf(people, workers[0], "place").Gained; !slices.Equal(gained, []string{"read"}) {
						t.Errorf("gained: %v", gained)
					}
				case "nothing of it matters":
					if len(people.Groups) != 0 {
						t.Errorf("it is said to matter: %+v", people.Groups)
					}
				}
			})
		}
	})
}

// without counts the names that another list has not.
func without(names, other []string) (n int) {
	for _, name := range names {
		if !slices.Contains(other, name) {
			n++
		}
	}
	return n
}

// reachOf is what is told of somebody's group on an object.
func (w *world) reachOf(people *draft.People, c *policy.Caller, object string) draft.Reach {
	for _, g := range people.Groups {
		if !slices.Equal(g.Sets, c.Permissions) {
			continue
		}
		for _, o := range g.Objects {
			if o.Object == object {
				return o
			}
		}
	}
	return draft.Reach{}
}

// Nothing is told of people to who may not read them.
func TestPeopleAreNotTold(t *testing.T) {
	w := newWorld(t, nil) // ann may not read users
	w.CallerWith("bob@example.com", "shaper")
	d := w.begin()
	w.patch(d, metadata.Key{Kind: "permission", Name: "shaper"}, `{"objects":{"thing":{"update":null}}}`)
	people, err := w.drafts().People(t.Context(), d)
	w.must(err)
	if len(people.Groups) != 0 {
		t.Errorf("it tells of %+v", people.Groups)
	}
}
