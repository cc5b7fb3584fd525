package runner_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/collaboration"
	"formwork/engine/connection"
	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/metadata"
	"formwork/workflows/runner"
)

// scenario is workflows, what is done, and what is to come of it: problems of the workflows, or
// what each thing that is done answers and leaves behind.
type scenario struct {
	Documents []json.RawMessage `json:"documents"` // besides those of the world; "$server" is the address of Server
	Server    map[string][]said `json:"server"`    // an outside system: what it answers to "METHOD /path", one after the other, the last for ever
	SMTP      *post             `json:"smtp"`      // a server for mail, whose address is "$post"
	People    map[string]string `json:"people"`    // besides those there are, with the permission set that each has
	Workflows []map[string]any  `json:"workflows"`
	Problems  []string          `json:"problems"` // "code pointer [column]", the pointer within the first workflow
	Warnings  []string          `json:"warnings"` // "code pointer params", the pointer that of the documents; not asked where absent
	Do        []deed            `json:"do"`
}

// deed is one thing that is done. "$x" as a value is the id that was kept under x, "object/$x" a reference to any.
type deed struct {
	As      string           `json:"as"`   // the system when absent
	Fill    int              `json:"fill"` // how many are created; 1 when absent
	Create  string           `json:"create"`
	Preview string           `json:"preview"`
	Update  string           `json:"update"`
	Delete  string           `json:"delete"`
	Purge   string           `json:"purge"` // from the bin
	Get     string           `json:"get"`
	Press   string           `json:"press"` // a workflow, on On
	Race    []deed           `json:"race"`  // are pressed at the same moment; Count of them are done
	Try     string           `json:"try"`   // a workflow, on On; Trace is what it would do
	Draft   string           `json:"draft"` // an e-mail for a workflow, on On, by the template and in the language of Data; Want is what it says
	On      string           `json:"on"`
	Trace   []string         `json:"trace"`   // of that, in the language of As
	State   string           `json:"state"`   // of the run that is pressed or tried
	Answer  string           `json:"answer"`  // "approved" or "rejected", to what is asked about On; with Comment
	Link    string           `json:"link"`    // of the last message to somebody, which is followed; with Answer it decides
	Ask     string           `json:"ask"`     // of the last message to somebody outside, whose link is followed; with Answers it answers
	Answers map[string]any   `json:"answers"` // by input
	Page    string           `json:"page"`    // what they see: "language: title | text | thanks: inputs"
	Leave   string           `json:"leave"`   // of the last message to somebody, the link by which they unsubscribe
	PassOn  string           `json:"pass_on"` // to somebody, what is asked about On
	Recall  bool             `json:"recall"`  // what is asked about On
	Comment string           `json:"comment"`
	Secret  string           `json:"secret"`  // of the connection Of
	Of      string           `json:"of"`      // erp when absent
	Post    string           `json:"post"`    // Data to a workflow, as an outside system does; signed with its secret
	ID      string           `json:"id"`      // of what is posted
	Proof   string           `json:"proof"`   // instead of a good one: "none", "other" secret, "old", "early", "altered" body, "token"
	Reply   string           `json:"reply"`   // to what is posted: "run", "nothing", or JSON
	Shares  string           `json:"shares"`  // a workflow whose secret is made; or Secret, if that is given
	Sent    []string         `json:"sent"`    // what the outside system was asked meanwhile: "METHOD /path?query body; secret"
	Mailed  []string         `json:"mailed"`  // what the server for mail was given meanwhile: "from > to (cc): subject | text | html"
	Receive string           `json:"receive"` // a mailbox that receives Raw
	Form    string           `json:"form"`    // that somebody outside sends with Data
	Raw     []string         `json:"raw"`     // lines of a message; "$id:x" is the id of the last message that was given to the server for mail about x
	Asked   []string         `json:"asked"`   // what As is asked to decide, newest first
	Request string           `json:"request"` // the newest about On: "state way: who state (instead of who) comment; …"
	Cancel  int              `json:"cancel"`  // the run of this number
	Retry   int              `json:"retry"`
	Apply   []map[string]any `json:"apply"`  // documents; their problems are Fault
	Remove  []string         `json:"remove"` // documents, as kind/name
	Pass    string           `json:"pass"`   // lets time pass, and has done what is due
	Runs    []wantedRun      `json:"runs"`   // the newest runs, oldest first

	Backtest *backtesting `json:"backtest"`

	Find  string         `json:"find"` // the records of an object, by Want
	Count int            `json:"count"`
	Files []string       `json:"files"` // that are attached to those
	Inbox []string       `json:"inbox"` // what As is told, newest first
	Keep  string         `json:"keep"`
	Data  map[string]any `json:"data"`
	Want  map[string]any `json:"want"`  // of the record
	Fault string         `json:"fault"` // "code pointer"
	Text  string         `json:"text"`  // of the fault, also that of the run that is pressed, in the language of who does it
}

// wantedRun is what is wanted of a run; what is empty is not looked at.
type wantedRun struct {
	Workflow string   `json:"workflow"`
	State    string   `json:"state"`
	Trace    []string `json:"trace"` // "way step: do object values; …"
	Fault    string   `json:"fault"`
}

func read[T any](t testing.TB, file string) (v T) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return v
}

// Each file of scenarios is played; a new case adds no code.
func TestScenarios(t *testing.T) {
	playAll(t, "testdata/scenarios", "testdata/world.json", "core")
}

// The workflows of the packages are played, too: a file for each package, on it and what it requires.
func TestPackages(t *testing.T) {
	playAll(t, "testdata/packages", "testdata/company.json", "")
}

// The package service is played with people of its own.
func TestService(t *testing.T) {
	playAll(t, "testdata/service", "testdata/agents.json", "service")
}

// playAll plays the scenarios of a folder on a package; "": on that which a file is named after.
func playAll(t *testing.T, folder, documents, on string) {
	t.Helper()
	world := read[[]json.RawMessage](t, documents)
	files, err := filepath.Glob(folder + "/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		all, name := read[map[string]scenario](t, file), strings.TrimSuffix(filepath.Base(file), ".json")
		for _, says := range slices.Sorted(maps.Keys(all)) {
			t.Run(name+"/"+says, func(t *testing.T) {
				t.Parallel()
				newStage(t, world, all[says], cmp.Or(on, name)).play(t, all[says])
			})
		}
	}
}

// stage is a tenant on which a scenario is played.
type stage struct {
	*enginetest.Tenant
	passed  atomic.Int64 // by the deeds, in nanoseconds
	people  map[string]*policy.Caller
	kept    map[string]id.ID
	objects map[string]string // of what was kept
	outside *system
	smtp    *post
	secrets map[string]string // of workflows that outside systems set off
}

func newStage(t *testing.T, world []json.RawMessage, s scenario, packages ...string) *stage {
	t.Helper()
	st := &stage{kept: map[string]id.ID{}, objects: map[string]string{}, secrets: map[string]string{}}
	began := time.Now() // the clock goes on, since what is looked at again waits by it
	now := func() time.Time { return enginetest.Start.Add(time.Since(began) + time.Duration(st.passed.Load())) }
	st.outside = newSystem(t, s.Server)
	options := enginetest.Options{Now: now, Address: "https://crm.example.com", Networks: st.outside.network()}
	if st.smtp = s.SMTP; st.smtp != nil {
		st.smtp.open(t)
		options.Networks, options.Roots = []netip.Prefix{loopback}, st.smtp.roots
	}
	tenant := enginetest.New(t, options).NewTenant("main", packages...)
	st.Tenant = tenant
	var running sync.WaitGroup
	running.Go(func() { tenant.Outbox.Run(t.Context()) })
	t.Cleanup(running.Wait)
	change := catalog.Change{Documents: slices.Concat(world, s.Documents)}
	for i, d := range change.Documents {
		change.Documents[i] = st.placed(d)
	}
	if _, err := tenant.Catalog.Apply(t.Context(), tenant.Tenant, change, 0); err != nil {
		t.Fatal(err)
	}
	st.people = map[string]*policy.Caller{"rob": tenant.CallerWith("rob@example.com", "seller"), "rita": tenant.CallerWith("rita@example.com", "seller"),
		"wang": tenant.CallerWith("wang@example.com", "seller")}
	st.people["wang"].Language = "zh"
	for name, set := range s.People {
		st.people[name] = tenant.CallerWith(name+"@example.com", set)
	}
	for name, one := range st.people {
		st.kept[name], st.objects[name] = one.User, "user"
	}
	st.people["admin"] = policy.System(tenant.Name())
	return st
}

// placed has the addresses of the outside systems put into a document.
func (s *stage) placed(doc []byte) []byte {
	doc = bytes.ReplaceAll(doc, []byte("$server"), []byte(s.outside.address()))
	if s.smtp != nil {
		doc = bytes.ReplaceAll(doc, []byte("$post"), []byte(s.smtp.address))
	}
	return doc
}

func (s *stage) play(t *testing.T, of scenario) {
	t.Helper()
	change := catalog.Change{}
	for i, w := range of.Workflows {
		w["kind"] = "workflow"
		if w["name"] == nil {
			w["name"] = fmt.Sprintf("w%d", i)
		}
		raw, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		change.Documents = append(change.Documents, raw)
	}
	if of.Warnings != nil {
		s.wantsWarnings(t, change, of.Warnings)
	}
	_, err := s.Catalog.Apply(t.Context(), s.Tenant.Tenant, change, 0)
	if got := problems(err); !slices.Equal(got, slices.Sorted(slices.Values(of.Problems))) {
		t.Fatalf("problems %q, want %q (%v)", got, of.Problems, err)
	}
	for i, d := range of.Do {
		s.do(t, fmt.Sprintf("deed %d", i+1), d)
	}
	s.replays(t)
}

// problems are what is wrong with the first workflow, as scenarios write it.
func problems(err error) (all []string) {
	if err == nil {
		return nil
	}
	for _, f := range fault.From(err).Each() {
		text := f.Code + " " + strings.TrimPrefix(f.Pointer, "/workflow/w0")
		if column, ok := f.Params["column"]; ok {
			text = fmt.Sprint(text, " ", column)
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return all
}

func (s *stage) do(t *testing.T, at string, d deed) {
	t.Helper()
	session := s.System()
	language := "en"
	if d.As != "" {
		language = s.people[d.As].Language
		session = s.As(s.people[d.As])
	}
	data := s.values(d.Data)
	var err, failed error
	var key id.ID
	object := d.Create
	ctx := t.Context()
	switch {
	case d.Fill > 0:
		for range d.Fill {
			if _, err = session.Create(ctx, d.Create, data); err != nil {
				break
			}
		}
	case d.Create != "":
		if saved, problem := session.Create(ctx, d.Create, data); problem != nil {
			err = problem
		} else {
			key = saved.Record.ID()
		}
	case d.Preview != "":
		p, problem := session.Preview(ctx, d.Preview, 0, data)
		if err = problem; err == nil {
			err = fault.All(fault.Invalid, "record.invalid", p.Problems)
		}
		if err == nil {
			for name, want := range d.Want {
				f, _ := p.Object.Object.Field(name)
				if got := p.Draft.Mapping.Value(p.Draft.Row, f.Column); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Fatalf("%s: %s would be %v, want %v", at, name, got, want)
				}
			}
		}
	case d.Update != "":
		key, object = s.kept[d.Update], s.objects[d.Update]
		_, err = session.Update(ctx, object, key, data, 0)
		if was := s.people[d.Update]; err == nil && was != nil && d.Data["active"] != false {
			now := s.Caller(key)
			now.Language = was.Language
			s.people[d.Update] = now
		}
	case d.Delete != "":
		err = session.Delete(ctx, s.objects[d.Delete], s.kept[d.Delete], 0)
	case d.Purge != "":
		_, err = session.Purge(ctx, s.objects[d.Purge], s.kept[d.Purge])
	case d.Get != "":
		key, object = s.kept[d.Get], s.objects[d.Get]
	case d.Apply != nil || d.Remove != nil:
		err = s.apply(t, d)
	case d.Press != "" || d.Try != "":
		failed, err = s.press(t, at, d)
	case d.Draft != "":
		err = s.drafts(t, at, d)
	case d.Backtest != nil:
		err = s.backtests(t, at, d)
	case d.Race != nil:
		s.race(t, at, d)
	case d.Link != "":
		err = s.follow(t, d)
	case d.Ask != "":
		err = s.answer(t, at, d)
	case d.Leave != "":
		err = s.leave(t, d.Leave)
	case d.Answer != "" || d.PassOn != "" || d.Recall:
		err = s.decide(t, d, session)
	case d.Shares != "":
		err = s.share(t, d)
	case d.Post != "":
		err = s.post(t, at, d)
	case d.Secret != "":
		err = s.Secrets.Set(ctx, s.Tenant.Tenant, connection.Of(s.Snapshot())[cmp.Or(d.Of, "erp")], d.Secret)
	case d.Receive != "":
		key, err = s.Mail.Receive(ctx, s.Tenant.Tenant, d.Receive, []byte(s.smtp.withIDs(strings.Join(d.Raw, "\r\n"))))
		object = "email"
	case d.Form != "":
		err = s.fillsIn(t, d)
	case d.Cancel > 0:
		err = s.Workflows.Cancel(ctx, s.Tenant.Tenant, s.runs(t)[d.Cancel-1].ID)
	case d.Retry > 0:
		err = s.Workflows.Retry(ctx, s.Tenant.Tenant, s.runs(t)[d.Retry-1].ID)
	case d.Pass != "":
		length, problem := time.ParseDuration(d.Pass)
		if problem != nil {
			t.Fatal(problem)
		}
		s.passed.Add(int64(length))
	}
	if got := faultOf(err); got != d.Fault {
		t.Fatalf("%s: fault %q, want %q (%v)", at, got, d.Fault, err)
	}
	if d.Text != "" {
		if got := fault.From(cmp.Or(err, failed)).Each()[0].Text(language); got != d.Text {
			t.Fatalf("%s: text %q, want %q", at, got, d.Text)
		}
	}
	if d.Keep != "" {
		s.kept[d.Keep], s.objects[d.Keep] = key, object
	}
	s.settle(t)
	if d.Sent != nil {
		got := s.outside.took()
		for i := range got {
			got[i] = s.named(got[i])
		}
		if !slices.Equal(got, d.Sent) {
			t.Fatalf("%s: the outside system was asked\n%q, want\n%q", at, got, d.Sent)
		}
	}
	if got := s.smtp.took(); d.Mailed != nil && !slices.Equal(got, d.Mailed) {
		t.Fatalf("%s: the server for mail was given\n%q, want\n%q", at, got, d.Mailed)
	}
	if d.Runs != nil {
		s.wantsRuns(t, at, d.Runs)
	}
	if d.Find != "" {
		s.finds(t, at, d)
		return
	}
	s.wantsApprovals(t, at, d)
	if d.Inbox != nil {
		s.wantsInbox(t, at, d)
	}
	if err == nil && key != 0 && d.Want != nil {
		s.wants(t, at, object, key, d.Want)
	}
}

// values are what is sent, with ids for what was kept.
func (s *stage) values(given map[string]any) map[string]any {
	data := make(map[string]any, len(given))
	for name, v := range given {
		switch text, _ := v.(string); {
		case text == "$long":
			v = strings.Repeat("long text ", 390) // not much less than the values that are kept of an effect
		case text == "$huge":
			v = strings.Repeat("很长的文字", 3000)
		case strings.HasPrefix(text, "$"):
			v = s.kept[text[1:]].String()
		case strings.Contains(text, "/$"): // a reference to records of any object
			of, name, _ := strings.Cut(text, "/$")
			v = of + "/" + s.kept[name].String()
		}
		data[name] = v
	}
	return data
}

// wants compares a record with what is wanted of it.
func (s *stage) wants(t *testing.T, at, object string, key id.ID, want map[string]any) {
	t.Helper()
	r, err := s.System().Get(t.Context(), object, key, nil)
	if err != nil {
		t.Fatalf("%s: %v", at, err)
	}
	got := decoded(t, r)
	for name, want := range want {
		if text, ok := want.(string); ok && strings.HasPrefix(text, "$") {
			want = s.kept[text[1:]].String()
		}
		is := fmt.Sprint(got[name])
		if strings.Contains(fmt.Sprint(want), "$") {
			is = s.named(is)
		}
		if is != fmt.Sprint(want) {
			t.Errorf("%s: %s is %v, want %v", at, name, is, want)
		}
	}
}

// faultOf is the first fault of an error, as scenarios write it.
func faultOf(err error) string {
	var all []string
	var f *fault.Fault
	if !errors.As(err, &f) {
		if err != nil {
			return err.Error()
		}
		return ""
	}
	if len(f.Errors) > 0 && f.Errors[0].Code == "workflow.refused" {
		f = f.Errors[0]
	}
	if f.Code == "webhook.payload" {
		for _, one := range f.Errors {
			all = append(all, one.Code+" "+one.Pointer)
		}
		return strings.Join(append([]string{f.Code}, all...), "; ")
	}
	if len(f.Errors) == 1 && f.Pointer == "" {
		return strings.TrimSpace(f.Code + " " + f.Errors[0].Pointer)
	}
	return strings.TrimSpace(f.Code + " " + f.Pointer)
}

// settle has done what is due: the consumers of events, and jobs.
func (s *stage) settle(t *testing.T) {
	t.Helper()
	for {
		s.caughtUp(t)
		before := s.position(t)
		s.RunJobs()
		for s.Workflows.Calling() > 0 {
			time.Sleep(time.Millisecond)
		}
		s.caughtUp(t)
		if s.position(t) == before && !s.due(t) {
			return
		}
	}
}

// due reports whether a job is to be run now.
func (s *stage) due(t *testing.T) bool {
	t.Helper()
	jobs, err := job.List(t.Context(), s.Tenant.Tenant, job.Listing{State: job.Waiting})
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(jobs, func(j *job.Job) bool { return !j.RunAt.After(s.Now()) })
}

// position is how far the consumer of workflows came.
func (s *stage) position(t *testing.T) int64 {
	t.Helper()
	all, err := s.Outbox.Status(t.Context(), s.Tenant.Tenant)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		if one.Consumer == "workflows" {
			return one.Position
		}
	}
	return 0
}

func (s *stage) caughtUp(t *testing.T) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		all, err := s.Outbox.Status(t.Context(), s.Tenant.Tenant)
		if err != nil {
			t.Fatal(err)
		}
		behind := len(all) == 0
		for _, one := range all {
			behind = behind || one.Behind > 0
			if one.Error != "" {
				t.Fatalf("the consumer %s failed: %s", one.Consumer, one.Error)
			}
		}
		if !behind {
			return
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("after 20 s there are still events: %+v", all)
		}
	}
}

// wantsRuns compares the newest runs with what is wanted.
func (s *stage) wantsRuns(t *testing.T, at string, want []wantedRun) {
	t.Helper()
	got := s.runs(t)
	if len(got) != len(want) {
		t.Fatalf("%s: %d runs, want %d: %s", at, len(got), len(want), text(got))
	}
	for i, w := range want {
		run := got[i]
		code := ""
		if run.Fault != nil {
			code = run.Fault.Code
		}
		if w.Workflow != "" && run.Workflow != w.Workflow || w.State != "" && run.State != w.State || w.Fault != code {
			t.Fatalf("%s: run %d is %s %s %s, want %+v", at, i+1, run.Workflow, run.State, code, w)
		}
		if w.Trace != nil {
			if trace := s.trace(run, "en"); !slices.Equal(trace, w.Trace) {
				t.Fatalf("%s: run %d did\n%q, want\n%q", at, i+1, trace, w.Trace)
			}
		}
	}
}

func text(runs []*runner.Run) string {
	raw, _ := json.Marshal(runs)
	return string(raw)
}

// trace is what a run did, as scenarios write it, in a language.
func (s *stage) trace(run *runner.Run, language string) (all []string) {
	for _, did := range run.Trace {
		line := strings.TrimSpace(did.Way + " " + did.Step)
		for i, e := range did.Effects {
			line += [2]string{": ", "; "}[min(i, 1)] + strings.TrimSpace(strings.Join([]string{e.Do, e.Object, string(e.Values), e.In(language)}, " "))
		}
		all = append(all, s.named(line))
	}
	return all
}

// seconds of times, which depend on how fast the machine is.
var seconds = regexp.MustCompile(`(T\d\d:\d\d):\d\dZ`)

// named has ids of what was kept replaced by names.
func (s *stage) named(line string) string {
	line = seconds.ReplaceAllString(line, "${1}Z")
	for name, key := range s.kept {
		line = strings.ReplaceAll(line, key.String(), "$"+name)
	}
	return line
}

// filesOf are the names of the files that are attached to a record.
func (s *stage) filesOf(t *testing.T, object string, key id.ID) (names []string) {
	t.Helper()
	attached, err := s.Files.As(s.Tenant.Tenant, s.Snapshot(), policy.System("main")).Attached(t.Context(), object, key)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range attached {
		names = append(names, f.Name)
	}
	return names
}

// finds counts records that are as wanted.
func (s *stage) finds(t *testing.T, at string, d deed) {
	t.Helper()
	page, err := s.System().List(t.Context(), d.Find, record.ListQuery{Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	var files []string
	for _, r := range page.Items {
		got := decoded(t, r)
		fits := true
		for name, want := range d.Want {
			if text, ok := want.(string); ok && strings.HasPrefix(text, "$") {
				want = s.kept[text[1:]].String()
			} else if of, name, found := strings.Cut(text, "/$"); found {
				want = map[string]any{"object": of, "id": s.kept[name].String()}
			}
			fits = fits && fmt.Sprint(got[name]) == fmt.Sprint(want)
		}
		if fits {
			n++
			files = append(files, s.filesOf(t, d.Find, r.ID())...)
		}
	}
	if d.Files != nil && !slices.Equal(files, d.Files) {
		t.Fatalf("%s: there are the files %q, want %q", at, files, d.Files)
	}
	if n != d.Count {
		raw, _ := json.Marshal(page.Items)
		t.Fatalf("%s: %d records are as wanted, want %d: %s", at, n, d.Count, raw)
	}
}

// wantsInbox compares what somebody is told.
func (s *stage) wantsInbox(t *testing.T, at string, d deed) {
	t.Helper()
	inbox, err := s.Collaboration.As(s.Tenant.Tenant, s.Snapshot(), s.people[d.As]).Notifications(t.Context(), collaboration.Wanted{Kind: collaboration.Told}, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, n := range inbox.Items {
		got = append(got, n.Name+": "+n.Text.In(s.people[d.As].Language, ""))
	}
	if !slices.Equal(got, d.Inbox) {
		t.Fatalf("%s: told %q, want %q", at, got, d.Inbox)
	}
}

func decoded(t testing.TB, r record.Record) (got map[string]any) {
	t.Helper()
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

// runs are the newest runs, the oldest first.
func (s *stage) runs(t *testing.T) []*runner.Run {
	t.Helper()
	got, err := runner.List(t.Context(), s.Tenant.Tenant, runner.Listing{})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(got, func(a, b *runner.Run) int {
		return cmp.Or(a.Started.Compare(b.Started), strings.Compare(a.Workflow, b.Workflow))
	})
	for i, run := range got {
		if got[i], err = runner.Get(t.Context(), s.Tenant.Tenant, run.ID); err != nil {
			t.Fatal(err)
		}
	}
	return got
}

// apply changes the configuration.
func (s *stage) apply(t *testing.T, d deed) error {
	t.Helper()
	change := catalog.Change{Allow: []string{"*"}}
	for _, doc := range d.Apply {
		raw, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		change.Documents = append(change.Documents, s.placed(raw))
	}
	for _, name := range d.Remove {
		kind, name, _ := strings.Cut(name, "/")
		change.Delete = append(change.Delete, metadata.Key{Kind: kind, Name: name})
	}
	_, err := s.Catalog.Apply(t.Context(), s.Tenant.Tenant, change, 0)
	return err
}
