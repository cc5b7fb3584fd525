package main

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite"
)

// account is a row, and its form in JSON.
type account struct {
	ID          int64   `json:"id"`
	Name        string  `json:"name"`
	Industry    string  `json:"industry"`
	Revenue     int64   `json:"annual_revenue"`
	Employees   int64   `json:"employees"`
	Phone       string  `json:"phone"`
	Email       string  `json:"email"`
	Website     string  `json:"website"`
	Address     address `json:"billing_address"`
	Owner       int64   `json:"owner"`
	Status      string  `json:"status"`
	Description string  `json:"description"`
	CreatedAt   string  `json:"created_at"`
	UpdatedAt   string  `json:"updated_at"`
	Version     int64   `json:"version"`
}

type address struct {
	City string `json:"city"`
}

// group is the accounts of an industry.
type group struct {
	Industry string `json:"industry"`
	Count    int64  `json:"count"`
	Sum      int64  `json:"sum"`
}

const columns = "id, name, industry, annual_revenue, employees, phone, email, website, city, owner, status, description, created_at, updated_at, version"

const schema = `
create table if not exists account (
	id integer primary key, name text not null, industry text, annual_revenue integer, employees integer, phone text, email text,
	website text, city text, owner integer not null, status text, description text, created_at text, updated_at text, version integer);
create index if not exists account_list on account (owner, status, annual_revenue desc, id);
create index if not exists account_own_groups on account (owner, industry, annual_revenue);
create index if not exists account_groups on account (industry, annual_revenue);
create virtual table if not exists account_words using fts5(name, phone, email, content='', contentless_delete=1);`

// accounts is the table, with one connection that writes and several that read.
type accounts struct {
	writer, reader *sql.DB

	one, list, count, found, ownGroups, allGroups *sql.Stmt
}

const (
	readers = 8
	// most is how many rows a page has.
	most = 50
)

func openAccounts(folder string) (*accounts, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	source := "file:" + filepath.Join(folder, "accounts.db") + "?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_pragma=mmap_size(1073741824)"
	a := &accounts{}
	var err error
	if a.writer, err = sql.Open("sqlite", source+"&_txlock=immediate"); err != nil {
		return nil, err
	}
	a.writer.SetMaxOpenConns(1)
	if _, err := a.writer.Exec(schema); err != nil {
		return nil, err
	}
	if a.reader, err = sql.Open("sqlite", source); err != nil {
		return nil, err
	}
	a.reader.SetMaxOpenConns(readers)
	a.reader.SetMaxIdleConns(readers)
	for statement, text := range map[**sql.Stmt]string{
		&a.one:       "select " + columns + " from account where id = ? and owner = ?",
		&a.list:      "select " + columns + " from account where owner = ? and status = ? order by annual_revenue desc, id limit ?",
		&a.count:     "select count(*) from account where owner = ? and status = ?",
		&a.found:     "select " + columns + " from account where owner = ? and id in (select rowid from account_words where account_words match ?) limit ?",
		&a.ownGroups: "select industry, count(*), sum(annual_revenue) from account where owner = ? group by industry",
		&a.allGroups: "select industry, count(*), sum(annual_revenue) from account group by industry",
	} {
		if *statement, err = a.reader.Prepare(text); err != nil {
			return nil, fmt.Errorf("preparing %s: %w", text, err)
		}
	}
	return a, nil
}

func (a *accounts) close() error { return errors.Join(a.reader.Close(), a.writer.Close()) }

// row is one that can be read: of a query for one, or for many.
type row interface{ Scan(into ...any) error }

func read(from row) (a account, err error) {
	err = from.Scan(&a.ID, &a.Name, &a.Industry, &a.Revenue, &a.Employees, &a.Phone, &a.Email, &a.Website, &a.Address.City, &a.Owner, &a.Status, &a.Description, &a.CreatedAt, &a.UpdatedAt, &a.Version)
	return a, err
}

func readAll(rows *sql.Rows, err error) ([]account, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	page := make([]account, 0, most)
	for rows.Next() {
		one, err := read(rows)
		if err != nil {
			return nil, err
		}
		page = append(page, one)
	}
	return page, rows.Err()
}

func readGroups(rows *sql.Rows, err error) ([]group, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	groups := []group{}
	for rows.Next() {
		var g group
		if err := rows.Scan(&g.Industry, &g.Count, &g.Sum); err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	return groups, rows.Err()
}

// within does something in one transaction.
func (a *accounts) within(do func(tx *sql.Tx) error) error {
	tx, err := a.writer.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // does nothing after a commit
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// insert saves new accounts, all or none, and gives them their ids.
func (a *accounts) insert(all []account) error {
	now := time.Now().UTC().Format(time.RFC3339Nano)
	return a.within(func(tx *sql.Tx) error {
		rows, err := tx.Prepare("insert into account (name, industry, annual_revenue, employees, phone, email, website, city, owner, status, description, created_at, updated_at, version) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
		if err != nil {
			return err
		}
		defer rows.Close()
		words, err := tx.Prepare("insert into account_words (rowid, name, phone, email) values (?,?,?,?)")
		if err != nil {
			return err
		}
		defer words.Close()
		for i := range all {
			one := &all[i]
			one.CreatedAt, one.UpdatedAt, one.Version = now, now, 1
			saved, err := rows.Exec(one.Name, one.Industry, one.Revenue, one.Employees, one.Phone, one.Email, one.Website, one.Address.City, one.Owner, one.Status, one.Description, one.CreatedAt, one.UpdatedAt, one.Version)
			if err != nil {
				return err
			}
			if one.ID, err = saved.LastInsertId(); err != nil {
				return err
			}
			if _, err := words.Exec(one.ID, one.Name, one.Phone, one.Email); err != nil {
				return err
			}
		}
		return nil
	})
}

// update changes an account of an owner; sql.ErrNoRows if there is none.
func (a *accounts) update(id string, owner int64, change func(*account) error) (one account, err error) {
	err = a.within(func(tx *sql.Tx) (err error) {
		if one, err = read(tx.QueryRow("select "+columns+" from account where id = ? and owner = ?", id, owner)); err != nil {
			return err
		}
		key := one.ID
		if err := change(&one); err != nil {
			return err
		}
		one.ID, one.Owner, one.Version, one.UpdatedAt = key, owner, one.Version+1, time.Now().UTC().Format(time.RFC3339Nano)
		if _, err := tx.Exec("update account set name=?, industry=?, annual_revenue=?, employees=?, phone=?, email=?, website=?, city=?, status=?, description=?, updated_at=?, version=? where id=?",
			one.Name, one.Industry, one.Revenue, one.Employees, one.Phone, one.Email, one.Website, one.Address.City, one.Status, one.Description, one.UpdatedAt, one.Version, one.ID); err != nil {
			return err
		}
		_, err = tx.Exec("insert or replace into account_words (rowid, name, phone, email) values (?,?,?,?)", one.ID, one.Name, one.Phone, one.Email)
		return err
	})
	return one, err
}
