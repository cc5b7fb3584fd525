package transfer_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"formwork/engine/fault"
	"formwork/engine/job"
	"formwork/engine/transfer"
)

func (w *world) preview(options string, file transfer.File) (*transfer.Preview, error) {
	var o transfer.Options
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		w.t.Fatal(err)
	}
	return w.imports.Preview(w.ctx, w.Tenant, w.caller, o, file)
}

// seen is what a preview says, a line a column and a line an unknown value.
func seen(p *transfer.Preview) string {
	var out strings.Builder
	for _, c := range p.Columns {
		fmt.Fprintf(&out, "%s %q", c.Heading, c.Samples)
		if g := c.Guess; g != nil {
			fmt.Fprintf(&out, " -> %s %.2f %s%s", g.Field, g.Certainty, g.Source.Match, g.Source.Format)
		}
		out.WriteByte('\n')
	}
	for _, u := range p.Unknown {
		for _, v := range u.Values {
			fmt.Fprintf(&out, "%s: %s %d\n", u.Field, v.Value, v.Count)
		}
	}
	return out.String()
}

// A preview guesses by names, labels in any language, words and values, and tells the values
// that are none.
func TestPreviews(t *testing.T) {
	w := newWorld(t, "admin")
	w.Apply(strings.Replace(claims, `"about":`, `"mail":{"type":"email","label":"Mail address"},"about":`, 1))
	for _, name := range []string{"Acme", "Twin", "Twin"} {
		if _, err := w.As(w.caller).Create(w.ctx, "claim", map[string]any{"name": name}); err != nil {
			t.Fatal(err)
		}
	}
	const file = "名称,Sum,kind_of,DAY,met,about_name,contact,remark,open\n" +
		"A,1,a,3/31/2017,2024-01-31 10:00,Acme,a@example.com,x,maybe\n" +
		"B,2,Alpha,4/1/2017,2024-01-31 10:00,Acm,b@example.com,,\n" +
		"B,x,gamma,,,Acm,b@example.com,x,\n" +
		"C,3,gamma,5/1/2017,,Twin,c@example.com,y,too,many\n"
	p, err := w.preview(`{"object":"claim"}`, transfer.File{Name: "claims.csv", Text: strings.NewReader(file)})
	if err != nil {
		t.Fatal(err)
	}
	const want = `名称 ["A" "B" "C"] -> name 0.95 
Sum ["1" "2" "x"] -> sum 0.78 
kind_of ["a" "Alpha" "gamma"] -> kind_of 0.65 
DAY ["3/31/2017" "4/1/2017" "5/1/2017"] -> day 0.95 m/d/yyyy
met ["2024-01-31 10:00"] -> met 1.00 
about_name ["Acme" "Acm" "Twin"] -> about 0.90 name
contact ["a@example.com" "b@example.com" "c@example.com"] -> mail 0.50 
remark ["x" "y"]
open ["maybe" "too"]
about: Acm 2
about: Twin 1
kind_of: gamma 2
`
	if got := seen(p); got != want || p.Rows != 4 || p.More || p.File != "claims.csv" {
		t.Errorf("%d rows of %s\ngot\n%s\nwant\n%s", p.Rows, p.File, got, want)
	}
	again, err := w.preview(`{"object":"claim","fields":{"name":"名称","kind_of":{"column":"kind_of","values":{"gamma":"b"}},
		"about":{"column":"about_name","match":"name","values":{"Acm":"Acme","Twin":""}}}}`, transfer.File{Upload: p.Upload})
	if err != nil || len(again.Unknown) != 0 || again.Upload != p.Upload {
		t.Errorf("what was decided is unknown still: %s, %v", seen(again), err)
	}
	if _, err := w.preview(`{"object":"claim","fields":{"name":"nome"}}`, transfer.File{Upload: p.Upload}); !fault.Is(err, "import.options") {
		t.Error(err)
	}
}

// A file that was looked at is imported without being sent again, once, by who sent it; a dry
// run leaves it. What is not imported goes after a day.
func TestUploadsAreImportedOnce(t *testing.T) {
	w := newWorld(t, "admin")
	send := func() *transfer.Preview {
		t.Helper()
		p, err := w.preview(`{"object":"account"}`, transfer.File{Name: "a.csv", Text: strings.NewReader("name,employees\nA,1\nB,x\n")})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	start := func(up *transfer.Preview, dry bool, key string) (*transfer.Import, error) {
		im, err := w.imports.Start(w.ctx, w.Tenant, w.caller, transfer.Options{Object: "account", DryRun: dry}, transfer.File{Upload: up.Upload, Key: key})
		if err == nil {
			w.run(func() bool { return false })
			im, err = w.imports.Get(w.ctx, w.Tenant, w.caller, im.ID)
		}
		return im, err
	}
	up := send()
	ida := w.caller.User
	w.caller.User++
	if _, err := start(up, true, ""); !fault.Is(err, "import.upload_not_found") {
		t.Errorf("another's file: %v", err)
	}
	w.caller.User = ida
	for range 2 {
		im, err := start(up, true, "")
		if err != nil || im.Created != 1 || im.Refused != 1 || im.File != "a.csv" || len(im.SHA256) != 64 {
			t.Fatalf("%+v, %v", im, err)
		}
	}
	first, err := start(up, false, "once")
	if err != nil || first.Job.State != job.Done || first.Created != 1 {
		t.Fatalf("%+v, %v", first, err)
	}
	if again, err := start(up, false, "once"); err != nil || again.ID != first.ID {
		t.Errorf("with its key it is the same import: %+v, %v", again, err)
	}
	if _, err := start(send(), false, "once"); !fault.Is(err, "import.key_reused") {
		t.Errorf("another file with the key: %v", err)
	}
	if _, err := start(up, false, ""); !fault.Is(err, "import.upload_not_found") {
		t.Errorf("it is imported twice: %v", err)
	}
	if n := w.total("account", ""); n != 1 {
		t.Errorf("%d accounts", n)
	}
	chunks := func() int64 {
		n, err := w.Tenant.Count(w.ctx, "_import_chunk", nil, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := chunks(); n != 1 { // of what was sent with the key of another
		t.Errorf("%d pieces are kept", n)
	}
	w.Clock.Pass(25 * time.Hour)
	send()
	if n := chunks(); n != 1 {
		t.Errorf("%d pieces are kept after a day", n)
	}
}
