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
