package e2e

import (
	"context"
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

// unimportant tables change although nothing is written that was asked for: those of logins, and
// of notifications, which follow some time after what they tell of.
var unimportant = map[string]bool{"_session": true, "_credential": true, "_device": true, "_notification": true, "_inbox": true}

// glance is an open look into a tenant's file: as long as nobody has committed
// anything, its state is what it was.
type glance struct {
	db     *sql.Conn
	commit int64 // SQLite's count of others' commits
	state  state
}

// written looks into a tenant's file while the server runs.
func (s *server) written(t testing.TB, tenant string) state {
	t.Helper()
	g := s.glances[tenant]
	if g == nil {
		c, err := s.file(t, tenant, "ro").Conn(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		g = &glance{db: c}
		if s.glances == nil {
			s.glances = map[string]*glance{}
		}
		s.glances[tenant] = g
	}
	var commit int64
	if err := g.db.QueryRowContext(context.Background(), "PRAGMA data_version").Scan(&commit); err != nil {
		t.Fatal(err)
	}
	if g.state == nil || commit != g.commit {
		g.commit, g.state = commit, g.look(t)
	}
	return g.state
}

// look counts what is in every table.
func (g *glance) look(t testing.TB) state {
	t.Helper()
	ctx := context.Background()
	rows, err := g.db.QueryContext(ctx, `SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%:%'`)
	if err != nil {
		t.Fatal(err)
	}
	var counts []string
	for rows.Next() {
		var name, definition string
		if err := rows.Scan(&name, &definition); err != nil {
			t.Fatal(err)
		}
		versions := "0"
		if strings.Contains(definition, `"version" INTEGER`) {
			versions = "sum(version)"
		}
		if !unimportant[name] {
			counts = append(counts, fmt.Sprintf(`SELECT '%s', count(*), coalesce(max(id), 0), coalesce(%s, 0) FROM "%s"`, name, versions, name))
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	found := state{}
	for len(counts) > 0 { // SQLite takes some hundred at once
		n := min(len(counts), 100)
		rows, err := g.db.QueryContext(ctx, strings.Join(counts[:n], " UNION ALL "))
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var name string
			var number, last, versions int64
			if err := rows.Scan(&name, &number, &last, &versions); err != nil {
				t.Fatal(err)
			}
			found[name] = fmt.Sprint(number, " ", last, " ", versions)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		counts = counts[n:]
	}
	if found["account"] == "" || found["_history"] == "" || found["_revision"] == "" {
		t.Fatalf("the file has other tables than expected: %v", found)
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
