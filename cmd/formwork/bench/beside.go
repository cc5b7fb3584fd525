package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"formwork/engine/demo"
)

// beside is another program that is measured as the server is, with the same rows and load.
// It is started as "PROGRAM serve --listen ADDRESS --data FOLDER", prints its address as
// http://…, is ready when /readyz says so, and tells at /target what is sent.
type beside struct {
	*server
	client *client
	ops    map[string]operation
	owners map[any]int // numbers of who owns rows, from 1
	ids    []string    // rows of the first
	took   []time.Duration
	rows   int
}

// opBulk is the operation that sends many rows.
const opBulk = "bulk"

// withBeside starts the program that is measured beside, if there is one.
func (b *bench) withBeside(ctx context.Context, do func() error) (err error) {
	if b.Beside == "" {
		return do()
	}
	s, err := start(ctx, b.Beside, "127.0.0.1:0", []string{"--data", filepath.Join(b.dir, "beside")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	b.beside = &beside{server: s, owners: map[any]int{}}
	if b.beside.client, err = newClient(s.base, "", b.Connections); err != nil {
		return err
	}
	var told struct {
		Headers map[string]string
		Ops     map[string]targetOp
	}
	if err := b.beside.ask(request{method: http.MethodGet, path: "/target"}, &told); err != nil {
		return err
	}
	b.beside.client.token = strings.TrimPrefix(told.Headers["Authorization"], "Bearer ")
	b.beside.ops = map[string]operation{}
	for name, op := range told.Ops {
		b.beside.ops[name] = operation{method: op.Method, path: op.Path, body: op.Body}
	}
	for _, name := range append([]string{opBulk}, names()...) {
		if _, ok := b.beside.ops[name]; !ok {
			return fmt.Errorf("%s doesn't tell how to %s", b.Beside, name)
		}
	}
	return do()
}

// ask sends one request and reads the answer.
func (s *beside) ask(r request, into any) error {
	status, body, err := s.client.send(r)
	if err != nil {
		return err
	}
	if status >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: the program beside answers %d: %.500s", r.method, r.path, status, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s %s: reading the answer of the program beside: %w", r.method, r.path, err)
	}
	return nil
}

// load sends rows that the server has taken, as they were sent to it, and measures that.
func (s *beside) load(records []demo.Record) error {
	rows := make([]map[string]any, len(records))
	for i, r := range records {
		owner := r.Data["owner"]
		if s.owners[owner] == 0 {
			s.owners[owner] = len(s.owners) + 1
		}
		rows[i] = map[string]any{}
		for name, value := range r.Data {
			rows[i][name] = value
		}
		rows[i]["owner"] = s.owners[owner]
	}
	body, err := json.Marshal(map[string]any{"rows": rows})
	if err != nil {
		return fmt.Errorf("writing rows for the program beside: %w", err)
	}
	op := s.ops[opBulk]
	var saved struct{ IDs []string }
	began := time.Now()
	if err := s.ask(request{method: op.method, path: op.path, body: body}, &saved); err != nil {
		return err
	}
	s.took = append(s.took, time.Since(began))
	if len(saved.IDs) != len(rows) {
		return fmt.Errorf("the program beside saved %d of %d rows", len(saved.IDs), len(rows))
	}
	for i, row := range rows {
		if row["owner"] == 1 {
			s.ids = append(s.ids, saved.IDs[i])
		}
	}
	s.rows += len(rows)
	return nil
}
