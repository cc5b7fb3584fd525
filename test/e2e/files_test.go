package e2e

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// form is a file with options as an import takes them.
func form(options, file string) text {
	return text{"multipart/form-data; boundary=xyz", "--xyz\r\nContent-Disposition: form-data; name=\"options\"\r\n\r\n" + options +
		"\r\n--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../../etc/passwd\"\r\nContent-Type: text/csv\r\n\r\n" + file + "\r\n--xyz--\r\n"}
}

// Files that can't be imported are refused when they are sent, and leave nothing.
func TestFilesThatAreRefused(t *testing.T) {
	w := theWorld(t)
	const leads, send = `{"object":"lead"}`, "POST /imports"
	for _, r := range []refusal{
		{says: "no form", send: send, body: `{"object":"lead"}`, status: 400, code: "api.multipart"},
		{says: "a form without a boundary", send: send, body: text{"multipart/form-data", "x"}, status: 400, code: "api.multipart"},
		{says: "a form cut off", send: send, body: text{"multipart/form-data; boundary=xyz", "--xyz\r\nContent-Disposition: form-data; name=\"opt"}, status: 400, code: "api.multipart"},
		{says: "no options", send: send, body: text{"multipart/form-data; boundary=xyz", "--xyz\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nname\nx\r\n--xyz--\r\n"}, status: 400, code: "api.multipart"},
		{says: "no file", send: send, body: text{"multipart/form-data; boundary=xyz", "--xyz\r\nContent-Disposition: form-data; name=\"options\"\r\n\r\n{\"object\":\"lead\"}\r\n--xyz--\r\n"}, status: 400, code: "api.multipart"},
		{says: "broken options", send: send, body: form(`{"object":`, "name\nx\n"), status: 400, code: "json.syntax"},
		{says: "unknown options", send: send, body: form(`{"object":"lead","dryrun":true}`, "name\nx\n"), status: 400, code: "api.unknown_member"},
		{says: "options of the wrong type", send: send, body: form(`{"object":"lead","fields":{"name":7}}`, "name\nx\n"), status: 400, code: "api.json_type"},
		{says: "options of 2 MB", send: send, body: form(`{"object":"`+strings.Repeat("x", 2<<20)+`"}`, "name\nx\n"), status: 413, code: "api.too_large"},
		{says: "an unknown object", send: send, body: form(`{"object":"leads"}`, "name\nx\n"), status: 422, code: "import.unknown_object"},
		{says: "a table of the engine", send: send, body: form(`{"object":"_session"}`, "id\n1\n"), status: 422, code: "import.unknown_object"},
		{says: "an empty file", send: send, body: form(leads, ""), status: 422, code: "import.empty"},
		{says: "the wrong encoding", send: send, body: form(leads, "name\n\xd5\xc5\xc8\xfd\n"), status: 422, code: "import.encoding", has: []string{"byte 5"}},
		{says: "the wrong encoding late", send: send, body: form(leads, "name\n"+strings.Repeat("good\n", 100_000)+"\xff\n"), status: 422, code: "import.encoding"},
		{says: "an encoding that is not what it says", send: send, body: form(`{"object":"lead","encoding":"gb18030"}`, "name\n\xff\xff\n"), status: 422, code: "import.encoding"},
		{says: "an unknown encoding", send: send, body: form(`{"object":"lead","encoding":"ebcdic"}`, "name\nx\n"), status: 422, code: "import.unknown_encoding"},
		{says: "NUL", send: send, body: form(leads, "name\na\x00b\n"), status: 422, code: "import.encoding"},
		{says: "UTF-16 cut off", send: send, body: form(leads, "\xff\xfen\x00a\x00m"), status: 422, code: "import.encoding"},
		{says: "broken quotes in the heading", send: send, body: form(leads, "na\"me,x\n1,2\n"), status: 422, code: "import.broken_quotes"},
		{says: "a heading without end", send: send, body: form(leads, `"`+strings.Repeat("x", 7<<20)), status: 413, code: "import.row_too_long"},
		{says: "the same column twice", send: send, body: form(leads, "name,name\na,b\n"), status: 422, code: "import.column_twice"},
		{says: "2,000 columns", send: send, body: form(leads, "name"+strings.Repeat(",x", 2000)+"\n"), status: 413, code: "import.too_many_columns"},
		{says: "no column that fits", send: send, body: form(leads, "foo,bar\n1,2\n"), status: 422, code: "import.options", has: []string{"import.no_column_fits"}},
		{says: "an unknown field", send: send, body: form(`{"object":"lead","fields":{"nmae":"name"}}`, "name\nx\n"), status: 422, code: "import.options", has: []string{`"suggestion":"name"`}},
		{says: "an unknown column", send: send, body: form(`{"object":"lead","fields":{"name":"nmae"}}`, "name\nx\n"), status: 422, code: "import.options", has: []string{`"suggestion":"name"`}},
		{says: "a broken expression", send: send, body: form(`{"object":"lead","fields":{"name":{"expression":"name +"}}}`, "name\nx\n"), status: 422, code: "import.options", has: []string{`"column"`}},
		{says: "an expression of 10,000 nodes", send: send, body: form(`{"object":"lead","fields":{"name":{"expression":"`+strings.Repeat("name+", 5000)+`name"}}}`, "name\nx\n"), status: 422, code: "import.options"},
		{says: "a field of the system", send: send, body: form(`{"object":"lead","fields":{"version":"name"}}`, "name\nx\n"), status: 422, code: "import.options"},
		{says: "an update without a key", send: send, body: form(`{"object":"lead","mode":"update"}`, "name\nx\n"), status: 422, code: "import.options"},
		{says: "a key that is not mapped", send: send, body: form(`{"object":"lead","mode":"upsert","key":["email"]}`, "name\nx\n"), status: 422, code: "import.options"},
		{says: "an unknown mode", send: send, body: form(`{"object":"lead","mode":"replace"}`, "name\nx\n"), status: 422, code: "import.options"},
		{says: "a delimiter of two", send: send, body: form(`{"object":"lead","delimiter":"::"}`, "name\nx\n"), status: 422, code: "import.delimiter"},
		{says: "a quote for a delimiter", send: send, body: form(`{"object":"lead","delimiter":"\""}`, "name\nx\n"), status: 422, code: "import.delimiter"},
		{says: "a line end for a delimiter", send: send, body: form(`{"object":"lead","delimiter":"\n"}`, "name\nx\n"), status: 422, code: "import.delimiter"},
		{says: "a format that is none", send: send, body: form(`{"object":"opportunity","fields":{"name":"name","close_date":{"column":"d","format":"%Y"}}}`, "name,d\nx,1\n"), status: 422, code: "import.options"},
	} {
		w.refuse(t, r)
	}
}

// imported waits for an import to end.
func (c *client) imported(t *testing.T, options any, file string) object {
	t.Helper()
	a, err := c.upload(options, []byte(file))
	if err != nil || a.status != 202 {
		t.Fatalf("%v, %v", a, err)
	}
	id := a.json()["id"].(string)
	var im object
	until(t, "the import ends", func() bool {
		im = c.must(t, 200, "GET", "/imports/"+id, nil)
		return im["state"] != "waiting" && im["state"] != "running"
	})
	return im
}

// What is wrong further on ends the import there, and says where; what came before
// is there, and counted, all of it where the place is told by its row.
func TestFilesThatBreakOff(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	for n, c := range []struct{ says, line, code, detail string }{
		{"broken quotes", `x "y" z,"broken`, "import.broken_quotes", "601"},
		{"a quote that never ends", "\"never\nending\n", "import.broken_quotes", "601"},
		{"a row of 7 MB", "\"" + strings.Repeat("x", 7<<20) + "\",b\n", "import.row_too_long", ""},
		{"a cell of 5 MB", strings.Repeat("x", 5_000_000) + ",b\n", "import.cell_too_long", "601"},
	} {
		t.Run(c.says, func(t *testing.T) {
			company := fmt.Sprint("Breaking ", n)
			file := "name,company\n" + strings.Repeat("Lead,"+company+"\n", 599) + c.line + strings.Repeat("Lead,"+company+"\n", 10)
			im := admin.imported(t, object{"object": "lead"}, file)
			detail, _ := im["detail"].(string)
			if im["state"] != "failed" || im["code"] != c.code || !strings.Contains(detail, c.detail) {
				t.Errorf("%v", im)
			}
			if leak := inside.FindString(detail); leak != "" {
				t.Errorf("shows %s: %s", leak, detail)
			}
			created := total(im["created"])
			if there := admin.count(t, "lead", "filter", fmt.Sprintf("company == %q", company)); there != created || created > 599 || c.detail != "" && created < 599 {
				t.Errorf("%d leads are there, %d are counted", there, created)
			}
		})
	}
}

// Rows that are refused come back as a file, with reasons in the caller's language;
// corrected, it can be sent again. A dry run writes nothing.
func TestRefusedRows(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	var file strings.Builder
	file.WriteString("name,email,status,=evil\n")
	for i := range 700 {
		email, status := fmt.Sprintf("row%d@refused.example.com", i), "new"
		if i%7 == 0 {
			email = "no address"
		}
		if i%11 == 0 {
			status = "nwe"
		}
		fmt.Fprintf(&file, "Row %d,%s,%s,\"=cmd|' /C calc'!A0\"\n", i, email, status)
	}
	const bad = 100 + 64 - 10
	dry := admin.imported(t, object{"object": "lead", "dry_run": true}, file.String())
	if dry["state"] != "done" || total(dry["refused"]) != bad || total(dry["created"]) != 700-bad {
		t.Errorf("dry: %v", dry)
	}
	if n := admin.count(t, "lead", "filter", `email endsWith "@refused.example.com"`); n != 0 {
		t.Errorf("a dry run made %d leads", n)
	}
	im := admin.imported(t, object{"object": "lead"}, file.String())
	if im["state"] != "done" || total(im["refused"]) != bad || total(im["created"]) != 700-bad {
		t.Errorf("%v", im)
	}
	problem(t, w.admin.zh.do(t, "GET", "/imports/"+im["id"].(string)+"/errors", nil), 403, "import.refused_of_another", "zh")
	own := map[*client]object{w.admin.en: im, w.admin.zh: w.admin.zh.imported(t, object{"object": "lead", "dry_run": true}, file.String())}
	for who, reason := range map[*client]string{w.admin.en: "e-mail", w.admin.zh: "邮"} {
		a := who.do(t, "GET", "/imports/"+own[who]["id"].(string)+"/errors", nil)
		if kind := a.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/csv") {
			t.Errorf("Content-Type %s", kind)
		}
		rows, err := csv.NewReader(bytes.NewReader(a.raw)).ReadAll()
		if err != nil || len(rows) != bad+1 || rows[0][4] != "_row" || rows[1][4] != "2" {
			t.Fatalf("%d refused rows, %v: %.300s", len(rows), err, a.raw)
		}
		if !strings.Contains(rows[1][5], reason) {
			t.Errorf("the reason: %q lacks %q", rows[1][5], reason)
		}
	}
	a := admin.do(t, "GET", "/imports/"+im["id"].(string)+"/errors", nil)
	corrected := strings.NewReplacer("no address", "corrected@refused.example.com", "nwe", "new").Replace(string(a.raw))
	if again := admin.imported(t, object{"object": "lead"}, corrected); total(again["created"]) != bad || total(again["refused"]) != 0 {
		t.Errorf("sent again: %v", again)
	}
	if n := admin.count(t, "lead", "filter", `email endsWith "@refused.example.com"`); n != 700 {
		t.Errorf("%d leads", n)
	}
}

// What an export writes, an import reads, and a spreadsheet runs nothing of it.
func TestExportsAreHarmless(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	nasty := []string{"=1+1", "+cmd", "@SUM(A1)", "-2+3", "'=quoted", "a,b", "c\"d", "普通", "=HYPERLINK(\"http://evil\")"}
	for _, name := range nasty {
		admin.create(t, "competitor", object{"name": "~" + name, "strengths": name})
	}
	a := admin.do(t, "GET", "/exports/competitor?fields=name,strengths&filter="+`name%20startsWith%20%22~%22`, nil)
	rows, err := csv.NewReader(bytes.NewReader(a.raw)).ReadAll()
	if err != nil || len(rows) != len(nasty)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		if strings.ContainsAny(row[1][:1], "=+@-\t") && row[1] != "-2+3" {
			t.Errorf("a spreadsheet would run %q", row[1])
		}
	}
	if disposition := a.header.Get("Content-Disposition"); disposition != `attachment; filename=competitor.csv` {
		t.Errorf("Content-Disposition: %s", disposition)
	}
	im := admin.imported(t, object{"object": "competitor", "mode": "upsert", "key": []string{"name"}, "fields": object{"name": "name", "strengths": "strengths"}}, string(a.raw))
	if total(im["unchanged"]) != int64(len(nasty)) {
		t.Errorf("read again: %v", im)
	}
	marked := admin.do(t, "GET", "/exports/competitor?bom=true&fields=name,strengths&filter="+`name%20startsWith%20%22~%22`, nil)
	if string(marked.raw) != "\uFEFF"+string(a.raw) {
		t.Errorf("for Excel: %.100q", marked.raw)
	}
	lines := admin.do(t, "GET", "/exports/competitor?format=jsonl&fields=name,strengths&filter="+`name%20startsWith%20%22~%22`, nil)
	for _, line := range strings.Split(strings.TrimSpace(string(lines.raw)), "\n") {
		var one struct{ Name, Strengths string }
		if err := json.Unmarshal([]byte(line), &one); err != nil || one.Name != "~"+one.Strengths && one.Strengths != strings.TrimSpace(one.Name[1:]) {
			t.Errorf("%v: %s", err, line)
		}
	}
}

// An import that is stopped, politely or not, goes on where it was and ends with
// every row exactly once.
func TestImportsGoOn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	admin := s.admin(t, "main")
	const rows = 6000
	var file strings.Builder
	file.WriteString("name,company,email\n")
	bad := 0
	for i := range rows {
		email := fmt.Sprintf("lead%d@example.com", i)
		if i%100 == 0 {
			email = "no address"
			bad++
		}
		fmt.Fprintf(&file, "Lead %d,Company %d,%s\n", i, i%10, email)
	}
	a, err := admin.upload(object{"object": "lead"}, []byte(file.String()))
	if err != nil || a.status != 202 {
		t.Fatalf("%v, %v", a, err)
	}
	id := a.json()["id"].(string)
	var im object
	progress := func(beyond int64) bool {
		im = admin.must(t, 200, "GET", "/imports/"+id, nil)
		return total(im["created"]) > beyond || im["state"] != "waiting" && im["state"] != "running"
	}
	stops := 0
	for n, end := range []func(){s.kill, s.stop, s.kill, s.stop} {
		until(t, "the import goes on", func() bool { return progress(int64(n) * 1000) })
		if im["state"] == "done" {
			break
		}
		end()
		stops++
		s.start(t)
	}
	until(t, "the import ends", func() bool { return progress(rows) })
	if stops < 2 || im["state"] != "done" || total(im["created"]) != int64(rows-bad) || total(im["refused"]) != int64(bad) {
		t.Errorf("after %d stops: %v", stops, im)
	}
	got := admin.must(t, 200, "POST", "/records/lead/aggregate", object{"group": []object{{"field": "name"}}})["rows"].([]any)
	if len(got) != rows-bad || admin.count(t, "lead") != int64(rows-bad) {
		t.Errorf("%d names, %d leads, not %d", len(got), admin.count(t, "lead"), rows-bad)
	}
	refused, err := csv.NewReader(bytes.NewReader(admin.do(t, "GET", "/imports/"+id+"/errors", nil).raw)).ReadAll()
	if err != nil || len(refused) != bad+1 {
		t.Errorf("%d refused rows, %v", len(refused)-1, err)
	}
	// Nothing of the file remains, nor of one whose sender or server died half-way.
	s.stop()
	db := s.file(t, "main", "ro")
	defer db.Close()
	var chunks int
	if err := db.QueryRow("SELECT count(*) FROM _import_chunk").Scan(&chunks); err != nil || chunks != 0 {
		t.Errorf("%d pieces of the file remain, %v", chunks, err)
	}
}
