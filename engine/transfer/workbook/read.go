package workbook

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"io"
	"path"
	"slices"
	"strings"

	"formwork/engine/fault"
)

// Bounds of what is read.
const (
	MaxFile    = 32 << 20 // of a workbook, in bytes: it is held as it was sent
	maxParts   = 10_000   // files in the archive
	maxSmall   = 8 << 20  // bytes of a part that is neither a sheet nor its texts
	maxSheet   = 4 << 30  // bytes of a sheet, unpacked
	maxStrings = 32 << 20 // bytes of the texts that cells share, unpacked and kept
	maxToken   = 8 << 20  // bytes of a tag, or of what stands between two
	maxFormats = 100_000  // formats of cells
)

// Workbook is a workbook that is read. Its methods are called by one goroutine at a time.
type Workbook struct {
	parts    map[string]*zip.File
	sheets   []sheet
	date1904 bool
	styles   string // parts; "" for none
	strings  string
	hold     func(bytes int64) error
}

type sheet struct {
	name, part string
	hidden     bool
}

// Open reads what a workbook consists of. hold is asked before more is kept, with how many
// bytes. Faults: "import.workbook_broken" (Invalid); those of hold.
func Open(raw []byte, hold func(bytes int64) error) (*Workbook, error) {
	// The archive's own list is bounded by what it is made of: it is read whole.
	if bytes.Count(raw, []byte("PK\x01\x02")) > maxParts {
		return nil, broken(nil)
	}
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, broken(err)
	}
	b := &Workbook{parts: make(map[string]*zip.File, len(archive.File)), hold: hold}
	for _, f := range archive.File {
		b.parts[strings.TrimPrefix(f.Name, "/")] = f
	}
	return b, b.list()
}

// broken is the fault of a file that is no workbook, or was cut.
func broken(err error) *fault.Fault {
	return fault.New(fault.Invalid, "import.workbook_broken").Because(err)
}

// Sheets are the names of the sheets with cells, in their order.
func (b *Workbook) Sheets() []string {
	names := make([]string, len(b.sheets))
	for i, s := range b.sheets {
		names[i] = s.name
	}
	return names
}

// First is the name of the first sheet that is shown.
func (b *Workbook) First() string {
	if i := slices.IndexFunc(b.sheets, func(s sheet) bool { return !s.hidden }); i >= 0 {
		return b.sheets[i].name
	}
	return b.sheets[0].name
}

// relation leads from a part to another.
type relation struct{ kind, part string }

// relations reads where a part leads to, by their ids; "" is the workbook as a whole.
func (b *Workbook) relations(of string) (map[string]relation, error) {
	folder, name := path.Split(of)
	list := folder + "_rels/" + name + ".rels"
	found := map[string]relation{}
	err := b.each(list, maxSmall, func(e xml.StartElement) error {
		if e.Name.Local != "Relationship" {
			return nil
		}
		target := attribute(e, "Target")
		if strings.HasPrefix(target, "/") {
			target = target[1:]
		} else {
			target = path.Join(folder, target)
		}
		found[attribute(e, "Id")] = relation{path.Base(attribute(e, "Type")), strings.Clone(target)}
		return nil
	})
	return found, err
}

// list finds the sheets and what they share.
func (b *Workbook) list() error {
	from, err := b.relations("")
	if err != nil {
		return err
	}
	main := ""
	for _, r := range from {
		if r.kind == "officeDocument" {
			main = r.part
		}
	}
	to, err := b.relations(main)
	if err != nil {
		return err
	}
	for _, r := range to {
		switch r.kind {
		case "styles":
			b.styles = r.part
		case "sharedStrings":
			b.strings = r.part
		}
	}
	err = b.each(main, maxSmall, func(e xml.StartElement) error {
		switch e.Name.Local {
		case "workbookPr":
			b.date1904 = isOn(attribute(e, "date1904"))
		case "sheet":
			for _, a := range e.Attr {
				r := to[a.Value]
				if a.Name.Local == "id" && r.kind == "worksheet" && b.parts[r.part] != nil {
					state := attribute(e, "state")
					b.sheets = append(b.sheets, sheet{attribute(e, "name"), r.part, state != "" && state != "visible"})
				}
			}
		}
		return nil
	})
	if err == nil && len(b.sheets) == 0 {
		err = broken(nil)
	}
	return err
}

// part is a part of a workbook while it is read: XML by its tokens, of which none is long and
// none is kept.
type part struct {
	*xml.Decoder
	file  io.ReadCloser
	left  int64 // bytes that it may still have
	token int   // bytes since the last token
}

func (b *Workbook) open(name string, most int64) (*part, error) {
	f := b.parts[name]
	if f == nil {
		return nil, broken(nil)
	}
	file, err := f.Open()
	if err != nil {
		return nil, broken(err)
	}
	p := &part{file: file, left: most}
	p.Decoder = xml.NewDecoder(p)
	return p, nil
}

// Read reads from the archive, as far as there may be more.
func (p *part) Read(into []byte) (int, error) {
	n, err := p.file.Read(into)
	p.left -= int64(n)
	if p.token += n; p.left < 0 || p.token > maxToken {
		return 0, fault.New(fault.TooLarge, "import.workbook_too_large")
	}
	return n, err
}

// next is the next token, io.EOF at the end. Nothing is checked of how tags are nested, for
// which each would be remembered.
func (p *part) next() (xml.Token, error) {
	token, err := p.RawToken()
	p.token = 0
	if err != nil && err != io.EOF && !fault.Is(err, "import.workbook_too_large") {
		return nil, broken(err)
	}
	return token, err
}

// each goes through the tags of a part.
func (b *Workbook) each(name string, most int64, do func(e xml.StartElement) error) error {
	p, err := b.open(name, most)
	if err != nil {
		return err
	}
	defer p.file.Close()
	for {
		token, err := p.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := token.(xml.StartElement); ok {
			if err := do(e); err != nil {
				return err
			}
		}
	}
}

// attribute is the value of an attribute without a namespace, "" for none.
func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

func isOn(flag string) bool { return flag == "1" || flag == "true" || flag == "on" }

// shared are the texts that cells refer to, one after the other.
type shared struct {
	text []byte
	ends []uint32
}

func (s *shared) at(i int) (string, bool) {
	if i < 0 || i >= len(s.ends) {
		return "", false
	}
	begin := uint32(0)
	if i > 0 {
		begin = s.ends[i-1]
	}
	return string(s.text[begin:s.ends[i]]), true
}

// perString is what a text takes beside itself.
const perString = 4

// readStrings reads the texts that cells share.
func (b *Workbook) readStrings() (*shared, error) {
	s := &shared{}
	if b.strings == "" || b.parts[b.strings] == nil {
		return s, nil
	}
	p, err := b.open(b.strings, 8*maxStrings)
	if err != nil {
		return nil, err
	}
	defer p.file.Close()
	held := 0
	var within text
	for {
		token, err := p.next()
		if err == io.EOF {
			return s, nil
		}
		if err != nil {
			return nil, err
		}
		if piece := within.piece(token); piece != nil {
			s.text = append(s.text, piece...)
		}
		if e, ok := token.(xml.EndElement); ok && e.Name.Local == "si" {
			s.ends = append(s.ends, uint32(len(s.text)))
		}
		if size := len(s.text) + perString*len(s.ends); size > held {
			if size > maxStrings {
				return nil, fault.New(fault.TooLarge, "import.workbook_too_large")
			}
			more := max(size-held, 1<<20) * 2 // what is kept grows by doubling
			if err := b.hold(int64(more)); err != nil {
				return nil, err
			}
			held += more
		}
	}
}

// text follows where in a text the tokens are: inside of <t>, unless it says how
// another is pronounced.
type text struct{ inside, spoken bool }

// piece is what a token adds to a text, nil for nothing.
func (t *text) piece(token xml.Token) []byte {
	switch token := token.(type) {
	case xml.StartElement:
		t.inside = t.inside || token.Name.Local == "t"
		t.spoken = t.spoken || token.Name.Local == "rPh"
	case xml.EndElement:
		t.inside = t.inside && token.Name.Local != "t"
		t.spoken = t.spoken && token.Name.Local != "rPh"
	case xml.CharData:
		if t.inside && !t.spoken {
			return token
		}
	}
	return nil
}
