package transfer

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"formwork/engine/fault"
)

// readAll reads a file as an import does and returns its rows.
func readAll(t *testing.T, file, encoding string, delimiter rune) (header []string, out [][]string, err error) {
	t.Helper()
	r, err := decoded(strings.NewReader(file), encoding)
	if err != nil {
		return nil, nil, err
	}
	rows, err := newRows(r, delimiter)
	if err != nil {
		return nil, nil, err
	}
	for {
		cells, err := rows.next()
		if errors.Is(err, io.EOF) {
			return rows.header, out, nil
		}
		if err != nil {
			return rows.header, out, err
		}
		out = append(out, append([]string(nil), cells...))
	}
}

func TestFilesThatRead(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("名称,城市\n张三,上海\n")
	if err != nil {
		t.Fatal(err)
	}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String("名称,城市\n张三,上海\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file, encoding string
		want           string
	}{
		"plain":      {"a,b\n1,2\n", "", "a b|1 2"},
		"mark":       {"\ufeffa,b\n1,2\n", "", "a b|1 2"},
		"semicolons": {"a;b\n1,5;2\n", "", "a b|1,5 2"},
		"tabs":       {"a\tb\n1\t2\n", "", "a b|1 2"},
		"quoted":     {"a,b\n\"x, \"\"y\"\"\nz\",2\n", "", "a b|x, \"y\"\nz 2"},
		"gb18030":    {gb, "gb18030", "名称 城市|张三 上海"},
		"utf-16":     {wide, "", "名称 城市|张三 上海"},
		"no end":     {"a,b\n1,2", "", "a b|1 2"},
		"windows":    {"a,b\r\n1,2\r\n", "", "a b|1 2"},
	} {
		header, rows, err := readAll(t, c.file, c.encoding, 0)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := strings.Join(header, " ")
		for _, row := range rows {
			got += "|" + strings.Join(row, " ")
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ file, encoding, code string }{
		"empty":            {"", "", "import.empty"},
		"not utf-8":        {"a,b\n\xd5\xc5\xc8\xfd,2\n", "", "import.encoding"},
		"not gb18030":      {"a,b\n\xff\xff,2\n", "gb18030", "import.encoding"},
		"cut character":    {"a,b\n1,\xe4\xb8", "", "import.encoding"},
		"nul":              {"a,b\n1,\x00\n", "", "import.encoding"},
		"unknown encoding": {"a,b\n", "klingon", "import.unknown_encoding"},
		"bare quote":       {"a,b\n1,x\"y\n", "", "import.broken_quotes"},
		"open quote":       {"a,b\n1,\"x\n", "", "import.broken_quotes"},
		"cells":            {"a,b\n1,2,3\n", "", "import.wrong_number_of_cells"},
		"column twice":     {"a,a\n1,2\n", "", "import.column_twice"},
		"columns":          {strings.Repeat("x,", 2000) + "y\n", "", "import.too_many_columns"},
		"cell":             {"a,b\n1," + strings.Repeat("x", maxCell+1) + "\n", "", "import.cell_too_long"},
		"row":              {"a,b\n1,\"" + strings.Repeat("x", 3*maxRow), "", "import.row_too_long"},
	} {
		if _, _, err := readAll(t, c.file, c.encoding, 0); !fault.Is(err, c.code) {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
	}
}

// A batch ends by its bytes as well as by its rows: a row of large cells is among few.
func TestBatchesAreBounded(t *testing.T) {
	for size, want := range map[int][]int{10: {250, 50}, 300_000: {4, 4, 2}, 3 * batchBytes: {1, 1}} {
		n := 0
		for _, rows := range want {
			n += rows
		}
		file := strings.Repeat("x,"+strings.Repeat("y", size)+"\n", n)
		header := []string{"a", "b"}
		run := &running{im: &Import{}, mapping: &mapping{byID: true}, rows: resume(strings.NewReader(file), ',', header, 1, 0)}
		for _, rows := range want {
			lines, end, err := run.read()
			if err != nil || len(lines) != rows {
				t.Fatalf("rows of %d bytes: %d in a batch, want %d, %v", size, len(lines), rows, err)
			}
			run.at = end
		}
	}
}

// A reader that begins at an offset told before reads the same rows as one that went on.
func TestResumeReadsTheSame(t *testing.T) {
	file := "a,b\n1,\"x\ny\"\n\n2,\"a \"\"b\"\"\"\n3,三\n4,d\n"
	all, err := newRows(strings.NewReader(file), ',')
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	offsets, numbers := []int64{all.offset()}, []int{all.number}
	for {
		cells, err := all.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, append([]string(nil), cells...))
		offsets, numbers = append(offsets, all.offset()), append(numbers, all.number)
	}
	if !slices.Equal(numbers, []int{1, 2, 4, 5, 6}) { // a cell of two lines is in one row, and an empty line is a row
		t.Errorf("rows are numbered %v", numbers)
	}
	for i, offset := range offsets[:len(rows)] {
		again := resume(strings.NewReader(file[offset:]), ',', all.header, numbers[i], offset)
		for j := i; j < len(rows); j++ {
			cells, err := again.next()
			if err != nil || strings.Join(cells, "|") != strings.Join(rows[j], "|") || again.number != numbers[j+1] || again.offset() != offsets[j+1] {
				t.Fatalf("from %d, row %d: %q number %d offset %d, %v", i, j, cells, again.number, again.offset(), err)
			}
		}
	}
}

func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "\ufeffa;b\n\"x\"\"\";2\n", "\xff\xfea\x00", "a,b\n\"", "\xe4\xb8\xad,b\n1,2"} {
		f.Add(seed, "")
		f.Add(seed, "gb18030")
	}
	f.Fuzz(func(t *testing.T, file, encoding string) {
		header, rows, err := readAll(t, file, encoding, 0)
		if err != nil && fault.KindOf(err) == fault.Internal {
			t.Fatalf("no fault of the file's: %v", err)
		}
		for _, row := range rows {
			if len(row) != len(header) {
				t.Fatalf("%d cells under %d headings", len(row), len(header))
			}
			if text := strings.Join(row, ""); strings.ContainsRune(text, 0) || !strings.Contains(text, "\ufffd") && strings.ToValidUTF8(text, "\ufffd") != text {
				t.Fatalf("text that is none: %q", text)
			}
		}
	})
}

// What a program would run as a formula is defused, however it is written, and comes back
// as it was.
func TestFormulasAreDefused(t *testing.T) {
	for _, cell := range []string{"=1+1", "＝1+1", "＋1+cmd", "－1+cmd", "＠SUM(1)", "\t=1", "\r=1", " =1", "\n＝1", "\u00a0@x", "\ufeff=1", "+cmd|x", "'quoted", "\tplain"} {
		if got := guarded(cell); got != "'"+cell || unguarded(got) != cell {
			t.Errorf("%q becomes %q and then %q", cell, got, unguarded(got))
		}
	}
	for _, cell := range []string{"", " ", "plain", "-5", "+49 30/1", "a=b", "张三"} {
		if got := guarded(cell); got != cell {
			t.Errorf("%q becomes %q", cell, got)
		}
	}
}

func TestOtherWorkbooksAreRefused(t *testing.T) {
	for start, code := range map[string]string{"PK\x03\x04\x14\x00": "import.workbook_broken", "\xd0\xcf\x11\xe0\xa1\xb1": "import.workbook"} {
		if _, err := open(t.Context(), strings.NewReader(start), &Options{}); !fault.Is(err, code) {
			t.Errorf("%q: %v", start, err)
		}
	}
}
