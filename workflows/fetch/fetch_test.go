package fetch_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"formwork/engine/connection"
	"formwork/engine/enginetest"
	"formwork/engine/job"
	"formwork/engine/mail"
	"formwork/engine/record"
	"formwork/workflows/fetch"
)

// desk is a tenant with the mailbox support.
type desk struct {
	*enginetest.Tenant
	t *testing.T
}

func newDesk(t *testing.T, url string, roots *x509.CertPool, options enginetest.Options, packages ...string) *desk {
	t.Helper()
	options.Networks, options.Roots = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, roots
	box := `{"kind": "mailbox", "name": "support", "receive": "imap"}` // laid over that of a package
	if packages == nil {
		packages, box = []string{"core"}, `{"kind": "mailbox", "name": "support", "label": "Support", "address": "support@example.com", "receive": "imap"}`
	}
	d := &desk{enginetest.New(t, options).NewTenant("main", packages...), t}
	d.Apply(connected(url), box)
	d.give("imap", secret)
	return d
}

func connected(url string) string {
	return fmt.Sprintf(`{"kind": "connection", "name": "imap", "label": "IMAP", "url": %q, "user": "support@example.com", "seconds": 2}`, url)
}

// give has a connection get a secret.
func (d *desk) give(name, secret string) {
	d.t.Helper()
	if err := d.Secrets.Set(d.t.Context(), d.Tenant.Tenant, connection.Of(d.Snapshot())[name], secret); err != nil {
		d.t.Fatal(err)
	}
	if err := d.Fetches.Hurry(d.t.Context(), d.Tenant.Tenant, name); err != nil {
		d.t.Fatal(err)
	}
}

// poll has mail fetched that is due.
func (d *desk) poll() {
	d.t.Helper()
	d.RunJobs()
	for d.Fetches.Flying() > 0 {
		time.Sleep(time.Millisecond)
	}
}

// later has mail fetched after a time.
func (d *desk) later(after time.Duration) {
	d.t.Helper()
	d.Clock.Pass(after)
	d.poll()
}

// state is that of the mailbox.
func (d *desk) state() *fetch.State {
	d.t.Helper()
	all, err := fetch.Of(d.t.Context(), d.Tenant.Tenant)
	if err != nil {
		d.t.Fatal(err)
	}
	return all["support"]
}

// problem is the code of what went wrong last; "": nothing did.
func (d *desk) problem() string {
	d.t.Helper()
	if s := d.state(); s.Problem != nil {
		return s.Problem.Code
	}
	return ""
}

// has checks the subjects of the mail that is kept, in any order.
func (d *desk) has(when string, want ...string) {
	d.t.Helper()
	page, err := d.System().List(d.t.Context(), mail.ObjectName, record.ListQuery{Limit: 500})
	if err != nil {
		d.t.Fatal(err)
	}
	raw, err := json.Marshal(page.Items)
	if err != nil {
		d.t.Fatal(err)
	}
	var kept []struct{ Subject string }
	if err := json.Unmarshal(raw, &kept); err != nil {
		d.t.Fatal(err)
	}
	got := []string{}
	for _, one := range kept {
		got = append(got, one.Subject)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		d.t.Errorf("%s there is %q, want %q", when, got, want)
	}
}

// Who cancels the job that fetches mail has it begin again.
func TestFetchingBeginsAgain(t *testing.T) {
	post := newPost(t, true)
	d := newDesk(t, post.url, post.roots, enginetest.Options{})
	d.poll()
	jobs, err := job.List(t.Context(), d.Tenant.Tenant, job.Listing{Kind: mail.JobFetch, State: job.Waiting})
	if err != nil || len(jobs) != 1 {
		t.Fatalf("there are %d jobs, %v", len(jobs), err)
	}
	if err := d.Fetches.Again(t.Context(), d.Tenant.Tenant); err != nil {
		t.Fatal(err)
	}
	if err := job.Cancel(t.Context(), d.Tenant.Tenant, jobs[0].ID, d.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	d.Clock.Pass(time.Minute)
	post.put(t, d.Now(), letter("one"))
	d.poll()
	d.later(time.Minute)
	d.has("after the job was cancelled", "one")
	if jobs, err = job.List(t.Context(), d.Tenant.Tenant, job.Listing{Kind: mail.JobFetch, State: job.Waiting}); err != nil || len(jobs) != 1 {
		t.Errorf("there are %d jobs, %v", len(jobs), err)
	}
}

// Mail that arrives becomes records, once: what was there before does not, whatever is started again or numbered anew. Messages stay
// where they are, unread.
func TestMailIsFetchedOnce(t *testing.T) {
	for _, implicit := range []bool{true, false} {
		t.Run(fmt.Sprint("implicit ", implicit), func(t *testing.T) {
			post := newPost(t, implicit)
			d := newDesk(t, post.url, post.roots, enginetest.Options{})
			before := d.Now().Add(-time.Hour)
			post.put(t, before, letter("old"))
			d.poll()
			d.has("when it is connected")
			d.Clock.Pass(time.Minute)
			post.put(t, d.Now(), letter("one"))
			post.put(t, d.Now(), letter("two"))
			d.poll()
			d.has("a minute later", "one", "two")
			d.later(time.Minute)
			d.Platform = d.Restart()
			d.later(time.Minute)
			d.has("after a start", "one", "two")
			post.put(t, d.Now(), letter("three"))
			d.later(time.Minute)
			d.has("then", "one", "two", "three")
			if s := d.state(); s.Received != 3 || s.Skipped != 0 || s.Failures != 0 || s.Problem != nil || !s.Fetched.Equal(d.Now()) {
				t.Errorf("the mailbox is %+v", s)
			}
			post.renew(t, d.Now(), letter("three"), letter("four"))
			post.put(t, before, letter("old"))
			d.later(time.Minute)
			d.has("numbered anew", "one", "two", "three", "four")
			post.put(t, before, letter("moved")) // into the folder, since then
			d.later(time.Minute)
			d.has("at last", "one", "two", "three", "four", "moved")
			status, err := post.Status("INBOX", &imap.StatusOptions{NumMessages: true, NumUnseen: true})
			if err != nil || *status.NumMessages != 4 || *status.NumUnseen != 4 {
				t.Errorf("on the server there is %+v, %v", status, err)
			}
		})
	}
}

// Many messages, with gaps between their numbers, all arrive; a bad one, one that is too large and one that says of nobody that it
// comes from them are passed over and counted.
func TestBadMailKeepsNoneBehindIt(t *testing.T) {
	post := newPost(t, true)
	d := newDesk(t, post.url, post.roots, enginetest.Options{})
	d.poll()
	post.put(t, d.Now(), "nothing")
	post.put(t, d.Now(), letter("large")+strings.Repeat("x", mail.MaxRaw))
	post.put(t, d.Now(), letter("fine"))
	d.later(time.Minute)
	for range 3 {
		d.later(10 * time.Second)
	}
	d.has("then", "fine")
	if s := d.state(); s.Received != 1 || s.Skipped != 2 || s.Skip == nil || s.Skip.Code != "mail.too_large" || s.Problem != nil {
		t.Errorf("the mailbox is %+v, %+v, %+v", s, s.Skip, s.Problem)
	}
}

// A workflow with the trigger email takes what was fetched: the mailbox of the package service, over which a tenant has laid its source,
// makes cases of it.
func TestFetchedMailSetsOffWorkflows(t *testing.T) {
	post := newPost(t, true)
	d := newDesk(t, post.url, post.roots, enginetest.Options{}, "service")
	d.poll()
	post.put(t, d.Now(), letter("broken"))
	d.later(time.Minute)
	d.has("then", "broken")
	var running sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	running.Go(func() { d.Outbox.Run(ctx) })
	defer func() { stop(); running.Wait() }()
	d.Outbox.Wake("main")
	for began := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		cases, err := d.System().List(t.Context(), "case", record.ListQuery{})
		if err != nil {
			t.Fatal(err)
		}
		if len(cases.Items) == 1 {
			break
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("there are %d cases", len(cases.Items))
		}
	}
}

// Two processes over one store look at a mailbox once a minute together.
func TestTwoProcessesFetchOnce(t *testing.T) {
	post := newPost(t, true)
	d := newDesk(t, post.url, post.roots, enginetest.Options{Shared: true})
	other := &desk{&enginetest.Tenant{Tenant: d.Tenant.Tenant, Platform: d.Restart()}, t}
	d.poll()
	for i := range 4 {
		post.put(t, d.Now(), letter(fmt.Sprint(i)))
		before := post.logins.Load()
		d.Clock.Pass(time.Minute)
		var both sync.WaitGroup
		both.Go(d.poll)
		both.Go(other.poll)
		both.Wait()
		if n := post.logins.Load() - before; n != 1 {
			t.Errorf("they logged in %d times", n)
		}
	}
	d.has("then", "0", "1", "2", "3")
	if s := d.state(); s.Received != 4 {
		t.Errorf("the mailbox is %+v", s)
	}
}

// What is wrong is told, and tried more and more seldom; a secret or a document that changes is looked at at once, and a mailbox that
// is gone not at all.
func TestWhatIsWrongIsTold(t *testing.T) {
	post := newPost(t, true)
	d := newDesk(t, post.url, post.roots, enginetest.Options{})
	d.give("imap", "wrong")
	d.poll()
	if s := d.state(); d.problem() != "mail.login_refused" || s.Failures == 0 || !s.Fetched.IsZero() {
		t.Errorf("the mailbox is %+v", s)
	}
	for range 20 {
		d.later(time.Minute)
	}
	if n := post.logins.Load(); n < 3 || n > 10 {
		t.Errorf("with the wrong secret it logged in %d times within 20 minutes", n)
	}
	d.give("imap", secret)
	d.poll()
	if s := d.state(); s.Problem != nil || s.Failures != 0 || !s.Fetched.Equal(d.Now()) {
		t.Errorf("with the secret the mailbox is %+v, %+v", s, s.Problem)
	}
	box := `{"kind": "mailbox", "name": "support", "label": "Support", "address": "support@example.com", "receive": "imap", "folder": %q}`
	d.Apply(fmt.Sprintf(box, "Nothing"))
	d.poll()
	if d.problem() != "mail.no_folder" {
		t.Errorf("of a folder that is not there it is told %q", d.problem())
	}
	d.Apply(connected("imaps://192.168.0.1"), fmt.Sprintf(box, "INBOX"))
	d.give("imap", secret)
	d.poll()
	if d.problem() != "outside.private" {
		t.Errorf("of a private address it is told %q", d.problem())
	}
	d.Apply(connected(post.url), `{"kind": "mailbox", "name": "support", "label": "Support", "address": "support@example.com"}`)
	before := post.logins.Load()
	post.put(t, d.Now(), letter("late"))
	d.poll()
	d.later(time.Hour)
	if d.state() != nil || post.logins.Load() != before {
		t.Errorf("without a source the mailbox is %+v, and was looked at %d times", d.state(), post.logins.Load()-before)
	}
	d.has("then")
}

// Whose certificate nobody trusts is told nothing.
func TestCertificatesAreVerified(t *testing.T) {
	for _, implicit := range []bool{true, false} {
		post := newPost(t, implicit)
		d := newDesk(t, post.url, x509.NewCertPool(), enginetest.Options{})
		d.poll()
		if d.problem() != "outside.untrusted" || post.logins.Load() != 0 {
			t.Errorf("of an unknown certificate it is told %q, after %d logins", d.problem(), post.logins.Load())
		}
	}
}

// see has messages up to one count as taken, of a mailbox that nobody has looked at yet.
func (d *desk) see(validity, last uint32) {
	d.t.Helper()
	if err := d.Fetches.Follow(d.t.Context(), d.Tenant.Tenant); err != nil {
		d.t.Fatal(err)
	}
	if err := fetch.SetPosition(d.t.Context(), d.Tenant.Tenant, "support", validity, last); err != nil {
		d.t.Fatal(err)
	}
}

// seen is the last message that was taken.
func (d *desk) seen() uint32 {
	d.t.Helper()
	last, err := fetch.Position(d.t.Context(), d.Tenant.Tenant, "support")
	if err != nil {
		d.t.Fatal(err)
	}
	return last
}
