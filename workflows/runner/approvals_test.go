package runner_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"formwork/engine/collaboration"
	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/workflows/approval"
)

// decide answers what somebody is asked about a record, passes it on, or takes it back.
func (s *stage) decide(t *testing.T, d deed, session *record.Session) error {
	t.Helper()
	user := s.people[d.As].User
	of := s.request(t, d.On)
	all, err := approval.OfRecord(t.Context(), s.Tenant.Tenant, s.objects[d.On], s.kept[d.On], 100)
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(all, func(r *approval.Request) bool { return r.State == approval.Pending && r.Asks(user) }); i >= 0 {
		of = all[i] // several may be asked at once
	}
	switch {
	case d.PassOn != "":
		_, err = s.Workflows.PassOn(t.Context(), s.Tenant.Tenant, session, user, user, s.people[d.PassOn].User, of.ID, d.Comment)
	case d.Recall:
		_, err = s.Workflows.Recall(t.Context(), s.Tenant.Tenant, session, user, of.ID, d.As == "admin")
	default:
		_, err = s.Workflows.Decide(t.Context(), s.Tenant.Tenant, session, user, of.ID, d.Answer, d.Comment)
	}
	return err
}

// follow follows the link of the last message to somebody, and decides by it where there is an answer.
func (s *stage) follow(t *testing.T, d deed) error {
	t.Helper()
	_, token, _ := strings.Cut(s.smtp.linkOf(d.Link+"@example.com"), "#"+s.Tenant.Tenant.Name()+".")
	if d.Link == "eve" { // who guesses
		token = strings.Repeat("A", 54)
	}
	asked, err := s.Workflows.AskedBy(t.Context(), s.Tenant.Tenant, token)
	switch {
	case err != nil:
	case d.Answer == "":
		_, err = s.Workflows.Deciding(t.Context(), s.Tenant.Tenant, asked)
	default:
		err = s.Workflows.DecideBy(t.Context(), s.Tenant.Tenant, asked, d.Answer, d.Comment)
	}
	return err
}

// request is the newest about a record.
func (s *stage) request(t *testing.T, kept string) *approval.Request {
	t.Helper()
	all, err := approval.OfRecord(t.Context(), s.Tenant.Tenant, s.objects[kept], s.kept[kept], 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatalf("nothing is asked about %s", kept)
	}
	return all[0]
}

// wantsApprovals compares what somebody is asked, in the list of that and in their inbox, and what became of a request.
func (s *stage) wantsApprovals(t *testing.T, at string, d deed) {
	t.Helper()
	if d.Asked != nil {
		waiting, err := approval.OfUser(t.Context(), s.Tenant.Tenant, s.people[d.As].User)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		language := s.people[d.As].Language
		for _, r := range waiting {
			got = append(got, r.Text.In(language, ""))
		}
		if !slices.Equal(got, d.Asked) {
			t.Fatalf("%s: asked %q, want %q", at, got, d.Asked)
		}
		told, err := s.Collaboration.As(s.Tenant.Tenant, s.Snapshot(), s.people[d.As]).Notifications(t.Context(), collaboration.Wanted{Kind: collaboration.Approval, State: collaboration.Open}, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		got = []string{}
		for _, n := range told.Items {
			got = append(got, n.Text.In(language, ""))
		}
		if !slices.Equal(got, d.Asked) {
			t.Fatalf("%s: told of %q, want %q", at, got, d.Asked)
		}
	}
	if d.Request == "" {
		return
	}
	r := s.request(t, d.On)
	var people []string
	for _, p := range r.People {
		line := s.nameOf(p.User) + " " + p.State
		if p.Instead != 0 {
			line += " instead of " + s.nameOf(p.Instead)
		}
		people = append(people, strings.TrimSpace(line+" "+p.Comment))
	}
	if got := r.State + " " + r.Way + ": " + strings.Join(people, "; "); got != d.Request {
		t.Fatalf("%s: the request is\n%q, want\n%q", at, got, d.Request)
	}
}

// nameOf is what scenarios call a user.
func (s *stage) nameOf(user id.ID) (name string) {
	for called, p := range s.people {
		if p.User == user {
			name = cmp.Or(name, called)
		}
	}
	return name
}
