package transfer

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"formwork/engine/fault"
)

// Limits of a CSV file.
const (
	maxColumns = 1_000
	maxCell    = 4 << 20 // bytes: the longest text of a field, in any script
	maxRow     = 6 << 20 // bytes: a record with quotes that are doubled
)

// encodings a file may be in, by the name a caller gives.
var encodings = map[string]encoding.Encoding{
	"utf-8":        nil, // checked, never converted
	"utf-16":       unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
	"utf-16le":     unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
	"utf-16be":     unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	"gb18030":      simplifiedchinese.GB18030,
	"gbk":          simplifiedchinese.GBK,
	"big5":         traditionalchinese.Big5,
	"shift_jis":    japanese.ShiftJIS,
	"euc-kr":       korean.EUCKR,
	"windows-1252": charmap.Windows1252,
	"iso-8859-1":   charmap.ISO8859_1,
}

// opened is a file as text.
type opened struct {
	text      io.Reader // UTF-8
	delimiter rune      // between its cells; 0: it has to be found out
	sheet     string    // of a workbook, with all that there are
	sheets    []string
}

// open reads a file as text: CSV in an encoding, or a sheet of a workbook. Faults are those of
// decoded and openSheet, and "import.workbook" (Invalid) of other workbooks.
func open(ctx context.Context, file io.Reader, o *Options) (opened, error) {
	buffered := bufio.NewReaderSize(file, 64<<10)
	start, _ := buffered.Peek(4)
	switch {
	case bytes.Equal(start, []byte{0xd0, 0xcf, 0x11, 0xe0}): // .xls, or protected
		return opened{}, fault.New(fault.Invalid, "import.workbook")
	case bytes.Equal(start, []byte("PK\x03\x04")): // a ZIP archive
		rows, sheets, name, err := openSheet(ctx, buffered, o)
		return opened{text: &checked{r: rows}, delimiter: ',', sheet: name, sheets: sheets}, err
	}
	text, err := decoded(buffered, o.Encoding)
	return opened{text: text}, err
}

// decoded reads text in an encoding as UTF-8. With no name given, a byte order
// mark decides, else it must be UTF-8. Reading fails with import.encoding at the
// first byte that does not belong.
func decoded(r io.Reader, name string) (io.Reader, error) {
	buffered := bufio.NewReaderSize(r, 64<<10)
	if name == "" {
		name = "utf-8"
		if mark, _ := buffered.Peek(2); len(mark) == 2 && (mark[0] == 0xff && mark[1] == 0xfe || mark[0] == 0xfe && mark[1] == 0xff) {
			name = "utf-16"
		}
	}
	from, ok := encodings[strings.ToLower(name)]
	if !ok {
		return nil, fault.New(fault.Invalid, "import.unknown_encoding", "encoding", name).At("/encoding")
	}
	if from == nil {
		if mark, _ := buffered.Peek(3); bytes.Equal(mark, []byte{0xef, 0xbb, 0xbf}) {
			_, _ = buffered.Discard(3)
		}
		return &checked{r: buffered}, nil
	}
	// What does not belong becomes U+FFFD, which checked refuses as well.
	return &checked{r: transform.NewReader(buffered, from.NewDecoder()), refuseReplacement: true}, nil
}

// checked passes UTF-8 through and fails at the first byte that is none, or NUL.
type checked struct {
	r                 io.Reader
	refuseReplacement bool
	offset            int64
	rest              [utf8.UTFMax]byte // an unfinished character
	n                 int
	err               error
}

// Read fails with io.ErrShortBuffer where p has no room for a character.
func (c *checked) Read(p []byte) (int, error) {
	if len(p) < utf8.UTFMax {
		return 0, io.ErrShortBuffer
	}
	if c.err != nil {
		return 0, c.err
	}
	n := copy(p, c.rest[:c.n])
	read, err := c.r.Read(p[n:])
	n += read
	c.n = 0
	end := 0
	for end < n {
		char, size := utf8.DecodeRune(p[end:n])
		if char == utf8.RuneError && size == 1 && err == nil && !utf8.FullRune(p[end:n]) {
			c.n = copy(c.rest[:], p[end:n])
			break
		}
		if char == 0 || char == utf8.RuneError && (size == 1 || c.refuseReplacement) {
			c.err = fault.New(fault.Invalid, "import.encoding", "offset", c.offset+int64(end))
			return end, c.err
		}
		end += size
	}
	c.offset += int64(end)
	if err != nil {
		c.err = err
	}
	return end, err
}

// rows reads records of a CSV text in UTF-8 and knows where it is.
type rows struct {
	csv    *csv.Reader
	header []string
	number int   // of the row read last, as spreadsheets count: empty rows too, and cells of several lines as one
	base   int64 // where the reader began
	line   int   // at which the row read last ends, counted from where the reader began
}

// delimiters that are tried, when none was named, on the first line.
var delimiters = []rune{',', ';', '\t', '|'}

// oneDelimiter is the delimiter that options name, 0 for none. Fault "import.delimiter" (Invalid).
func oneDelimiter(named string) (rune, error) {
	runes := []rune(named)
	if len(runes) == 0 {
		return 0, nil
	}
	if len(runes) > 1 || strings.ContainsRune("\"\r\n\x00\uFFFD", runes[0]) {
		return 0, fault.New(fault.Invalid, "import.delimiter").At("/delimiter")
	}
	return runes[0], nil
}

// guessDelimiter takes the candidate that occurs most often outside quotes.
func guessDelimiter(line string) rune {
	best, most := ',', 0
	for _, d := range delimiters {
		count, quoted := 0, false
		for _, c := range line {
			if c == '"' {
				quoted = !quoted
			} else if c == d && !quoted {
				count++
			}
		}
		if count > most {
			best, most = d, count
		}
	}
	return best
}

// newRows reads the header. delimiter 0 is guessed from it.
func newRows(r io.Reader, delimiter rune) (*rows, error) {
	buffered := bufio.NewReaderSize(&bounded{r: r}, 64<<10)
	if delimiter == 0 {
		first, _ := buffered.Peek(16 << 10)
		if end := bytes.IndexByte(first, '\n'); end >= 0 {
			first = first[:end]
		}
		delimiter = guessDelimiter(string(first))
	}
	reader := csv.NewReader(buffered)
	reader.Comma = delimiter
	reader.ReuseRecord = true
	out := &rows{csv: reader}
	header, err := out.read()
	if errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Invalid, "import.empty")
	}
	if err != nil {
		return nil, out.problem(err)
	}
	if len(header) > maxColumns {
		return nil, fault.New(fault.TooLarge, "import.too_many_columns", "limit", maxColumns)
	}
	seen := map[string]bool{}
	for _, name := range header {
		name = strings.TrimSpace(name)
		if name != "" && seen[name] {
			return nil, fault.New(fault.Invalid, "import.column_twice", "column", name)
		}
		seen[name] = true
		out.header = append(out.header, name)
	}
	return out, nil
}

// resume makes a reader for the rest of a text whose header was read before.
func resume(r io.Reader, delimiter rune, header []string, number int, offset int64) *rows {
	reader := csv.NewReader(&bounded{r: r})
	reader.Comma = delimiter
	reader.ReuseRecord = true
	reader.FieldsPerRecord = len(header)
	return &rows{csv: reader, header: header, number: number, base: offset}
}

// next returns the cells of the next row, valid until the one after; io.EOF at the
// end. A row with too many or too few cells comes with its fault, and others follow;
// any other fault ends the file: what follows a broken quote can't be trusted.
func (r *rows) next() ([]string, error) {
	cells, err := r.read()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil {
		return cells, r.problem(err)
	}
	for i, cell := range cells {
		if len(cell) > maxCell {
			return nil, fault.New(fault.TooLarge, "import.cell_too_long", "row", r.number, "column", r.header[i], "limit", maxCell)
		}
	}
	return cells, nil
}

// read reads a row and counts it. Empty lines before it, which the reader passes over, are
// rows of a spreadsheet.
func (r *rows) read() ([]string, error) {
	cells, err := r.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, err
	}
	r.number++
	if len(cells) == 0 {
		return cells, err // broken off
	}
	first, _ := r.csv.FieldPos(0)
	last, _ := r.csv.FieldPos(len(cells) - 1)
	r.number += first - r.line - 1
	r.line = last + strings.Count(cells[len(cells)-1], "\n")
	return cells, err
}

// offset is where the next row begins, in bytes of the whole text.
func (r *rows) offset() int64 { return r.base + r.csv.InputOffset() }

func (r *rows) problem(err error) error {
	var broken *csv.ParseError
	switch {
	case errors.As(err, &broken) && errors.Is(broken.Err, csv.ErrFieldCount):
		return fault.New(fault.Invalid, "import.wrong_number_of_cells", "row", r.number, "expected", len(r.header)).Because(err)
	case errors.As(err, &broken):
		return fault.New(fault.Invalid, "import.broken_quotes", "row", r.number, "column", broken.Column).Because(err)
	}
	return err
}

// bounded fails when a line or quoted cell would have the reader keep more than maxRow.
type bounded struct {
	r     io.Reader
	since int // bytes since the last line end outside quotes
	quote bool
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	for _, c := range p[:n] {
		b.since++
		if c == '"' {
			b.quote = !b.quote
		} else if c == '\n' && !b.quote {
			b.since = 0
		}
	}
	if b.since > maxRow {
		return 0, fault.New(fault.TooLarge, "import.row_too_long", "limit", maxRow)
	}
	return n, err
}
