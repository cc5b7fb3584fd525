package transfer

import (
	"cmp"
	"context"
	_ "embed" // headings.json
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"formwork/engine/catalog"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Proposal is the field that a column would be, of an object that is made of a file.
type Proposal struct {
	Type     string
	Scale    int      // of numbers
	Currency string   // ISO 4217; empty: of no certain one
	Options  []string // the labels of a choice, the most frequent first; of several, as they come
	Object   string   // that a lookup refers to
	Misfits  int64    // rows with values that would be none of the field
	Names    bool     // the field names the records: one column at most
}

const (
	// tolerated cells in a hundred may be no values of a type that the others are of.
	tolerated = 3
	// fewMisfits say nothing of a column yet.
	fewMisfits = 3
	// A choice has no more options, nor longer ones, and each is found in this many rows on average.
	mostOptions   = 30
	longestOption = 60
	rowsAnOption  = 4
	// bytesOfValue is about what a value takes besides its text while it is told apart.
	bytesOfValue = 64
	// longestLine is what is longer than a text of one line.
	longestLine = 255
	mostScale   = 6
)

// propose says of each column of a file what field it would be, by its heading and by the rows that previews look at.
func (s *Service) propose(ctx context.Context, t store.Tenant, c *policy.Caller, o Options, file File) (*Preview, error) {
	snapshot, err := s.snapshots.Snapshot(ctx, t)
	if err != nil {
		return nil, err
	}
	rights, err := imports(ctx, snapshot, c, &o)
	if err != nil {
		return nil, err
	}
	up, err := s.received(ctx, t, c, &o, file)
	if err != nil {
		return nil, err
	}
	p := &Preview{Upload: up.id, File: up.name, Sheet: up.sheet, Sheets: up.sheets}
	text, err := newRows(&kept{ctx: ctx, tenant: t, of: up.id, size: up.size}, up.delimiter)
	if err != nil {
		return nil, err
	}
	columns := make([]*likely, len(text.header))
	for i, heading := range text.header {
		columns[i] = &likely{heading: heading, words: words(heading), open: candidates(), distinct: map[string]int64{}}
	}
	held := 0 // bytes of the values that are told apart
	err = p.look(text, func(cells []string) {
		for i := range min(len(cells), len(columns)) {
			if cell := unguarded(strings.TrimSpace(cells[i])); cell != "" {
				columns[i].add(cell, &held)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	readable := func(object *catalog.Object) bool {
		of := rights.Objects[object.Doc.Name]
		return object.NameField != nil && (c.System || of.Read && of.Fields[object.NameField.Name] != "")
	}
	session := s.records.As(t, snapshot, c)
	for _, column := range columns {
		told := &Proposal{}
		if object := column.refersTo(snapshot, readable); object != nil {
			if told, err = column.lookup(ctx, session, object); err != nil {
				return nil, err
			}
		}
		if told.Type == "" {
			told = column.proposal()
		}
		p.Columns = append(p.Columns, PreviewColumn{Heading: column.heading, Samples: column.samples, As: told})
	}
	if i := naming(columns, p); i >= 0 {
		p.Columns[i].As = &Proposal{Type: "text", Names: true}
	}
	return p, nil
}

// candidate is a type that all cells of a column seem to be of.
type candidate struct {
	proposal Proposal
	fits     func(text string) bool
	// wants are words of which the heading has one; none: any heading will do.
	wants   []string
	misfits int64
}

// likely is a column while its cells are looked at.
type likely struct {
	heading  string
	words    []string
	samples  []string
	open     []*candidate
	distinct map[string]int64 // rows by value, as far as there is room
	values   []string         // those values as they come
	many     bool             // there are values that are not told apart
	filled   int64
	longest  int // characters
	lines    bool
	scale    int
}

func (l *likely) add(cell string, held *int) {
	l.filled++
	l.longest = max(l.longest, utf8.RuneCountInString(cell))
	l.lines = l.lines || strings.ContainsAny(cell, "\r\n")
	if _, known := l.distinct[cell]; !known {
		switch {
		case len(l.distinct) >= maxValues || *held+len(cell)+bytesOfValue > maxValueBytes:
			l.many = true
		default:
			*held += len(cell) + bytesOfValue
			cell = strings.Clone(cell)
			l.distinct[cell] = 0
			l.values = append(l.values, cell)
		}
		if len(l.samples) < toldSamples && !l.many {
			l.samples = append(l.samples, shortSample(cell))
		}
	}
	if _, known := l.distinct[cell]; known {
		l.distinct[cell]++
	}
	if _, fraction, point := strings.Cut(strings.TrimRightFunc(cell, notDigit), "."); point {
		l.scale = max(l.scale, len(fraction))
	}
	l.open = slices.DeleteFunc(l.open, func(c *candidate) bool {
		if !c.fits(cell) {
			c.misfits++
		}
		return c.misfits > fewMisfits && 100*c.misfits > tolerated*max(l.filled, sampleRows)
	})
}

func notDigit(r rune) bool { return r < '0' || r > '9' }

// shortSample is a cell as it is shown.
func shortSample(text string) string {
	if r := []rune(text); len(r) > maxSample {
		return string(r[:maxSample])
	}
	return text
}

// has reports whether a heading has one of some words; those of Chinese are sought in it as they stand.
func (l *likely) has(wanted []string) bool {
	return slices.ContainsFunc(wanted, func(word string) bool {
		if r, _ := utf8.DecodeRuneInString(word); unicode.Is(unicode.Han, r) {
			return strings.Contains(l.heading, word)
		}
		return slices.Contains(l.words, word)
	})
}

// refersTo is the object whose name or label is the heading; nil: none that may be read.
func (l *likely) refersTo(snapshot *catalog.Snapshot, readable func(*catalog.Object) bool) *catalog.Object {
	for _, name := range sortedKeys(snapshot.Objects) {
		object := snapshot.Objects[name]
		titles := []string{name}
		for _, label := range object.Doc.Label {
			titles = append(titles, label)
		}
		if readable(object) && slices.ContainsFunc(titles, func(title string) bool { return common(l.words, words(title), true) == isAlike }) {
			return object
		}
	}
	return nil
}

// lookup proposes a reference where at least half of the rows name one record of an object; else nothing.
func (l *likely) lookup(ctx context.Context, session *record.Session, object *catalog.Object) (*Proposal, error) {
	known := map[string][]string{}
	to := &target{field: &catalog.Field{Target: object}, source: &Source{Match: object.NameField.Name}}
	if err := match(ctx, session, to, l.values, known); err != nil {
		return nil, err
	}
	var found, counted int64
	for value, n := range l.distinct {
		counted += n
		if len(known[value]) == 1 {
			found += n
		}
	}
	if found == 0 || 2*found < counted {
		return &Proposal{}, nil
	}
	return &Proposal{Type: "lookup", Object: object.Doc.Name, Misfits: counted - found}, nil
}

// proposal is what a column is by its cells.
func (l *likely) proposal() *Proposal {
	if l.filled == 0 {
		return &Proposal{Type: "text"}
	}
	var best *candidate
	for _, c := range l.open {
		fits := 100*c.misfits <= tolerated*l.filled && (c.wants == nil || l.has(c.wants))
		if fits && (best == nil || c.proposal.Type == best.proposal.Type && c.misfits < best.misfits) {
			best = c
		}
	}
	options := int64(len(l.distinct))
	switch {
	case best != nil:
		found := best.proposal
		found.Misfits = best.misfits
		if found.Type == "number" || found.Type == "percent" || found.Type == "currency" && l.scale > 2 {
			found.Scale = min(l.scale, mostScale)
		}
		return &found
	case !l.many && !l.lines && options > 1 && options <= mostOptions && l.longest <= longestOption && l.filled >= rowsAnOption*options:
		labels := slices.Clone(l.values)
		slices.SortStableFunc(labels, func(a, b string) int { return cmp.Compare(l.distinct[b], l.distinct[a]) })
		return &Proposal{Type: "picklist", Options: labels}
	case l.lines || l.longest > longestLine:
		return &Proposal{Type: "long_text"}
	}
	return &Proposal{Type: "text"}
}

// headingWords say of a column what it is, by the type of the field; under name those of what a row is about.
var headingWords = func() (words map[string][]string) {
	if err := json.Unmarshal(headings, &words); err != nil {
		panic(err) // it is part of the program
	}
	return words
}()

//go:embed headings.json
var headings []byte

// naming is the column that names the records: a text of one line that no two rows share, if there is one, and
// called so, if one is; -1: none.
func naming(columns []*likely, p *Preview) int {
	best, rank := -1, 0
	for i, l := range columns {
		if as := p.Columns[i].As; l.heading == "" || as.Type != "text" && as.Type != "picklist" || l.filled == 0 {
			continue
		}
		is := 1
		if l.filled == p.Rows && (l.many || int64(len(l.distinct)) == l.filled) {
			is += 2
		}
		if l.has(headingWords["name"]) {
			is++
		}
		if p.Columns[i].As.Type == "picklist" {
			is = min(is, 1)
		}
		if is > rank {
			best, rank = i, is
		}
	}
	return best
}

// candidates are the types that cells are tried as: of those that fit the first is taken, and of one type the way of
// writing that fits best.
func candidates() []*candidate {
	var all []*candidate
	try := func(proposal Proposal, written func(string) bool, wants ...string) {
		value := bound(proposal)
		all = append(all, &candidate{proposal: proposal, wants: wants, fits: func(text string) bool {
			if !written(text) {
				return false
			}
			stored, problem := value.Coerce(text)
			return problem == nil && stored != nil
		}})
	}
	written := func(type_ string, layouts ...string) {
		for _, layout := range layouts {
			all = append(all, &candidate{proposal: Proposal{Type: type_}, fits: func(text string) bool {
				_, err := time.Parse(layout, text)
				return err == nil
			}})
		}
	}
	try(Proposal{Type: "checkbox"}, func(text string) bool { return notDigit(rune(text[0])) })
	try(Proposal{Type: "date"}, dated)
	for _, day := range dayFormats {
		layout, _ := goLayout(day)
		written("date", layout)
		written("datetime", layout+" 15:04", layout+" 15:04:05")
	}
	all = append(all, &candidate{proposal: Proposal{Type: "datetime"}, fits: func(text string) bool {
		_, err := time.Parse(time.RFC3339Nano, located(text, time.UTC))
		return err == nil
	}})
	try(Proposal{Type: "time"}, func(text string) bool { return strings.Contains(text, ":") })
	try(Proposal{Type: "percent"}, func(text string) bool { return strings.HasSuffix(text, "%") })
	for _, code := range []string{"USD", "EUR", "GBP", "CNY", "JPY", "INR", "KRW"} {
		sole := bound(Proposal{Type: "number"})
		try(Proposal{Type: "currency", Currency: code}, func(text string) bool {
			_, problem := sole.Coerce(text)
			return problem != nil // what has no sign says nothing of the currency
		})
	}
	try(Proposal{Type: "currency"}, plainNumber, headingWords["currency"]...)
	try(Proposal{Type: "number"}, plainNumber)
	try(Proposal{Type: "email"}, func(text string) bool { return strings.Contains(text, "@") })
	try(Proposal{Type: "url"}, func(text string) bool { return strings.HasPrefix(text, "http") || strings.HasPrefix(text, "www.") })
	try(Proposal{Type: "url"}, func(string) bool { return true }, headingWords["url"]...)
	try(Proposal{Type: "phone"}, func(text string) bool { return strings.HasPrefix(text, "+") })
	try(Proposal{Type: "phone"}, func(string) bool { return true }, headingWords["phone"]...)
	return all
}

// dated reports whether a text has a day's signs, so that a plain number is none.
func dated(text string) bool { return strings.ContainsAny(text, "-/.年") }

// plainNumber reports whether a text can be a number and is no key of digits: none has a zero before others, nor more
// digits than are exact everywhere.
func plainNumber(text string) bool {
	digits := strings.TrimLeft(text, "+-")
	return !(len(digits) > 1 && digits[0] == '0' && digits[1] != '.') && len(digits) <= 15
}

// bound is the value of a field as it is proposed.
func bound(proposal Proposal) fieldtype.Value {
	settings := map[string]any{"type": proposal.Type}
	if proposal.Currency != "" {
		settings["currency"] = proposal.Currency
	}
	if proposal.Type == "number" {
		settings["scale"] = mostScale
	}
	raw, _ := json.Marshal(settings)
	var field metadata.Field
	if err := json.Unmarshal(raw, &field); err != nil {
		panic(err) // it was written here
	}
	for _, one := range fieldtype.Standard(nil) {
		if one.Name() == proposal.Type {
			value, problems := one.Bind("", &field, nil)
			if len(problems) > 0 {
				panic(problems[0])
			}
			return value
		}
	}
	panic("no type " + proposal.Type)
}
