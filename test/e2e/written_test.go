package e2e

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // to look into the files
)

// state is what a tenant's file holds, as far as a number for each table tells:
// its rows, the last of them, and how often they were saved.
type state map[string]string

// unimportant tables change although nothing is written that was asked for.
var unimportant = map[string]bool{"_session": true, "_credential": true}

// written looks into a tenant's file while the server runs.
func (s *server) written(t testing.TB, tenant string) state {
	t.Helper()
	db := s.file(t, tenant, "ro")
	defer db.Close()
	rows, err := db.Query(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'`)
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	found := state{}
	for _, name := range tables {
		if unimportant[name] || strings.Contains(name, "fts") || strings.Contains(name, ":") {
			continue
		}
		quoted := `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		var n, last, versions sql.NullInt64
		if err := db.QueryRow("SELECT count(*), max(id), sum(version) FROM "+quoted).Scan(&n, &last, &versions); err != nil {
			if err := db.QueryRow("SELECT count(*), max(rowid) FROM "+quoted).Scan(&n, &last); err != nil {
				continue // a shadow of an index
			}
		}
		found[name] = fmt.Sprint(n.Int64, " ", last.Int64, " ", versions.Int64)
	}
	if found["account"] == "" || found["_history"] == "" || found["_revision"] == "" {
		t.Fatalf("the file of tenant %s has other tables than expected: %v", tenant, found)
	}
	return found
}

// file opens a tenant's file beside the server; mode is SQLite's.
func (s *server) file(t testing.TB, tenant, mode string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.Join(s.dir, tenant+".db")}).EscapedPath()+"?mode="+mode+"&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// differences lists what two states do not have in common.
func (before state) differences(after state) []string {
	var all []string
	for name, was := range before {
		if is := after[name]; is != was {
			all = append(all, fmt.Sprintf("%s: %s, then %s", name, was, is))
		}
	}
	for name, is := range after {
		if _, ok := before[name]; !ok {
			all = append(all, fmt.Sprintf("%s: nothing, then %s", name, is))
		}
	}
	return all
}
