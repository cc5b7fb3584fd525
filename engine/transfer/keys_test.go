package transfer_test

import (
	"fmt"
	"strings"
	"testing"
)

// Rows that write one value in two ways have one key: the second changes what the
// first made.
func TestKeysWrittenDifferently(t *testing.T) {
	w := newWorld(t, "admin")
	const options = `{"object": "account", "mode": "upsert", "key": ["employees"], "fields": {"name": "name", "employees": "employees"}}`
	const file = "name,employees\nA,\"1,000\"\nB,1000\nC,1000.0\n"
	if im := w.imported(options, file); im.Created != 1 || im.Updated != 2 || im.Refused != 0 {
		t.Errorf("%d created, %d updated, %d refused", im.Created, im.Updated, im.Refused)
	}
}

// Records are found by fields that nobody fills, which stay as they are.
func TestKeysThatAreNotFilled(t *testing.T) {
	w := newWorld(t, "admin")
	w.Apply(`{"kind":"object","name":"machine","label":"M","name_field":"name","fields":{"name":{"type":"text"},"code":{"type":"auto_number","pattern":"M-{0}"}}}`)
	w.Create("machine", map[string]any{"name": "A"})
	const file = "code,name\nM-1,B\nM-9,C\n"
	for _, mode := range []string{"update", "upsert"} {
		im := w.imported(`{"object": "machine", "mode": "`+mode+`", "key": ["code"], "fields": {"name": "name", "code": "code"}}`, file)
		if im.Created != 0 || im.Updated+im.Unchanged != 1 || im.Refused != 1 {
			t.Errorf("%s: %d created, %d updated, %d refused", mode, im.Created, im.Updated, im.Refused)
		}
	}
}

// Characters of several bytes lie across the pieces in which a file is read and kept.
func TestLargeFileOfWideCharacters(t *testing.T) {
	w := newWorld(t, "admin")
	for shift := range 4 {
		file := new(strings.Builder)
		file.WriteString("name,remark" + strings.Repeat("x", shift) + "\n")
		for file.Len() < 1<<20 {
			fmt.Fprintln(file, "商机,客户名称客户名称客户名称客户名称𠮷")
		}
		if _, err := w.start(`{"object": "account", "fields": {"name": "name"}, "dry_run": true}`, file.String()); err != nil {
			t.Errorf("shifted by %d: %v", shift, err)
		}
	}
}

// A key that can't be read as its field is told as it is, not as a key that is empty.
func TestUnreadableKeys(t *testing.T) {
	w := newWorld(t, "admin")
	im := w.imported(`{"object": "account", "mode": "upsert", "key": ["employees"], "fields": {"name": "name", "employees": "employees"}}`, "name,employees\nA,many\nB,\n")
	var codes []string
	reasons, _ := im.Reasons()
	for _, r := range reasons {
		codes = append(codes, r.Code)
	}
	if got := strings.Join(codes, " "); im.Refused != 2 || got != "field.not_a_number import.key_empty" && got != "import.key_empty field.not_a_number" {
		t.Errorf("%d refused: %s", im.Refused, got)
	}
}
