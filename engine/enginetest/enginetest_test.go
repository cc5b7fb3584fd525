package enginetest_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/job"
)

const thing = `{"kind":"object","name":"thing","label":"Thing","name_field":"name","fields":{"name":{"type":"text"},"size":{"type":"number"}}}`

func TestTwoPlatformsDoTheSame(t *testing.T) {
	made := func() (ids []string) {
		main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
		main.Apply(thing)
		for range 3 {
			ids = append(ids, main.Create("thing", map[string]any{"name": "T"}).String())
		}
		return ids
	}
	if first, second := made(), made(); !slices.Equal(first, second) {
		t.Errorf("%v, and then %v", first, second)
	}
}

func TestClock(t *testing.T) {
	p := enginetest.New(t, enginetest.Options{})
	if !p.Now().Equal(enginetest.Start) {
		t.Errorf("it begins at %v", p.Now())
	}
	p.Clock.Pass(time.Hour)
	if again := p.Restart(); !again.Now().Equal(enginetest.Start.Add(time.Hour)) {
		t.Errorf("after an hour it is %v", again.Now())
	}
}

func TestCallersHaveTheirSetsOnly(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	main.Apply(thing, `{"kind":"permission","name":"looker","label":"Looker","objects":{"thing":{"read":true,"read_all":true,"fields":{"*":"read"}}}}`)
	key := main.Create("thing", map[string]any{"name": "T", "size": json.Number("3")})
	looker := main.CallerWith("lou@example.com", "looker")
	if looker.Tenant != "main" || looker.Via != "session" || !slices.Equal(looker.Permissions, []string{"looker"}) {
		t.Errorf("%+v", looker)
	}
	if _, err := main.As(looker).Get(t.Context(), "thing", key, nil); err != nil {
		t.Error(err)
	}
	if _, err := main.As(looker).Update(t.Context(), "thing", key, map[string]any{"size": json.Number("4")}, 0); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("changing: %v", err)
	}
	if _, _, err := main.Restart().Auth.Login(t.Context(), main, "lou@example.com", enginetest.Password); err != nil {
		t.Error(err)
	}
}

// A formula that is added to an object with records is work for the background.
func TestRunJobs(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	main.Apply(thing)
	main.Create("thing", map[string]any{"name": "T", "size": json.Number("3")})
	main.Apply(strings.Replace(thing, `"fields":{`, `"fields":{"double":{"type":"formula","result":"number","expression":"size * 2"},`, 1))
	open := func() int {
		jobs, err := job.List(t.Context(), main, job.Listing{State: job.Waiting})
		if err != nil {
			t.Fatal(err)
		}
		return len(slices.DeleteFunc(jobs, func(j *job.Job) bool { return j.RunAt.After(main.Now()) }))
	}
	if open() == 0 {
		t.Fatal("nothing is to be done")
	}
	main.RunJobs()
	if n := open(); n != 0 {
		t.Errorf("%d jobs are left", n)
	}
}
