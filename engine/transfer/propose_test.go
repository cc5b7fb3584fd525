package transfer_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/transfer"
)

// proposed is what a file's columns would be, a line each.
func proposed(p *transfer.Preview) string {
	var out strings.Builder
	for _, c := range p.Columns {
		fmt.Fprintf(&out, "%s: %s", c.Heading, c.As.Type)
		for _, more := range []string{c.As.Currency, c.As.Object, strings.Join(c.As.Options, "|")} {
			if more != "" {
				out.WriteString(" " + more)
			}
		}
		if c.As.Scale > 0 {
			fmt.Fprintf(&out, " .%d", c.As.Scale)
		}
		if c.As.Misfits > 0 {
			fmt.Fprintf(&out, " but %d", c.As.Misfits)
		}
		if c.As.Names {
			out.WriteString(" names")
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// A file without an object says what fields of a new one its columns would be.
func TestProposals(t *testing.T) {
	w := newWorld(t, "admin")
	w.Apply(claims)
	for _, name := range []string{"Acme", "Bolt"} {
		if _, err := w.As(w.caller).Create(w.ctx, "claim", map[string]any{"name": name}); err != nil {
			t.Fatal(err)
		}
	}
	var rows strings.Builder
	rows.WriteString("no,编号,Project name,claim,Budget,Paid,share,begins,met,open,kind,mail,电话,Website,remark,rate,empty,zip\n")
	for i := range 40 {
		note := "x"
		if i == 7 {
			note = `"two` + "\n" + `lines"`
		}
		day := fmt.Sprintf("%d/%d/2024", i%12+1, i%28+1)
		if i == 30 {
			day = "soon"
		}
		fmt.Fprintf(&rows, "%d,P-%03d,Project %d,%s,%d,\"$1,%03d.50\",%d%%,%s,2024-01-%02d 10:30,%s,%s,a%d@example.com,138 0013 %04d,www.example%d.com,%s,%d.25,,0%04d\n",
			i, i, i, []string{"Acme", "Bolt", "Nobody"}[i%3], i*100, i, i, day, i%28+1, []string{"是", "否"}[i%2], []string{"red", "green", "green"}[i%3], i, i, i, note, i, i)
	}
	p, err := w.preview(`{}`, transfer.File{Name: "projects.csv", Text: strings.NewReader(rows.String())})
	if err != nil {
		t.Fatal(err)
	}
	const want = `no: number
编号: text
Project name: text names
claim: lookup claim but 13
Budget: currency
Paid: currency USD
share: percent
begins: date but 1
met: datetime
open: checkbox
kind: picklist green|red
mail: email
电话: phone
Website: url
remark: long_text
rate: number .2
empty: text
zip: text
`
	if got := proposed(p); got != want || p.Rows != 40 {
		t.Errorf("%d rows\ngot\n%s\nwant\n%s", p.Rows, got, want)
	}
	if got := fmt.Sprintf("%q", p.Columns[2].Samples); got != `["Project 0" "Project 1" "Project 2"]` {
		t.Error(got)
	}
	// The file is there for the object, once it is.
	if again, err := w.preview(`{"object":"claim"}`, transfer.File{Upload: p.Upload}); err != nil || again.Upload != p.Upload || again.Columns[0].As != nil {
		t.Error(again, err)
	}
	w.caller.Permissions = nil
	if _, err := w.preview(`{}`, transfer.File{Upload: p.Upload}); !fault.Is(err, "auth.right_missing") {
		t.Error(err)
	}
}

// Of files that were not made for it what matters is told right: names, choices, days and amounts.
func TestProposalsOfRealFiles(t *testing.T) {
	const folder = "../../../shared/data/crm-sales/"
	if _, err := os.Stat(folder); err != nil {
		t.Skip("the sample files are not beside the project")
	}
	w := newWorld(t, "admin")
	for name, wants := range map[string][]string{
		"accounts.csv": {"account: text names\n", "sector: picklist retail|technolgy|medical|", "year_established: number\n", "revenue: currency\n", "employees: number\n"},
		"sales_pipeline.csv": {"opportunity_id: text names\n", "deal_stage: picklist Won|Lost|Engaging|Prospecting\n", "engage_date: date\n", "close_date: date\n",
			"close_value: number\n", "\naccount: text\n"},
	} {
		file, err := os.Open(folder + name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := w.preview(`{}`, transfer.File{Name: name, Text: file})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if got := proposed(p); !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", name, want, got)
			}
		}
		file.Close()
	}
}
