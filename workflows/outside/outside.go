// Package outside has requests to outside systems made on behalf of runs of workflows.
//
// A request is kept in the transaction of the step that makes it, and made after that: so it is made if the run says
// so, and never for what was undone. It is made at least once: a process that is killed between the answer and
// keeping it has it made again, with the same Idempotency-Key. Tries that fail are repeated after growing pauses. Nothing waits
// for a host but its own request: of a tenant few are made at a time, of all tenants more.
package outside

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
	"unicode/utf8"

	"formwork/engine/budget"
	"formwork/engine/catalog"
	"formwork/engine/connection"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/mail"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// States of a call.
const (
	Pending = "pending"
	Done    = "done"
	Failed  = "failed"
)

const (
	// lease is after what time a request is made again whose answer was never kept: longer than any answer may take.
	lease = 40 * time.Second
	// firstPause is that after the first try that failed; each next is twice as long. Those that failed together do not come
	// back together.
	firstPause  = 2 * time.Second
	longest     = 15 * time.Minute
	keepWithin  = 10 * time.Second // how long keeping an answer may take
	atOnce      = 8                // requests of a tenant at a time
	atOnceOfAll = 32               // of all tenants
)

// Call is a request of a run, and what became of it.
type Call struct {
	ID      id.ID
	Run     id.ID
	Record  id.ID // that the run is about
	Request Request
	Tries   int64 // how often it is tried at most
	Tried   int64
	State   string
	Due     time.Time    // of one that is pending: when it is tried next
	Status  int64        // of the last answer; 0: there was none
	Body    []byte       // of the answer, where it is JSON
	Fault   *fault.Fault // why the last try failed
}

const callTable = "_call"

// Columns of the calls; times are Unix milliseconds.
var (
	colRun     = query.Column{Name: "run", Storage: fieldtype.Int}
	colRecord  = query.Column{Name: "record", Storage: fieldtype.Int}
	colRequest = query.Column{Name: "request", Storage: fieldtype.JSON}
	colTries   = query.Column{Name: "tries", Storage: fieldtype.Int}
	colTried   = query.Column{Name: "tried", Storage: fieldtype.Int}
	colState   = query.Column{Name: "state", Storage: fieldtype.Text}
	colDue     = query.Column{Name: "due", Storage: fieldtype.Int}
	colStatus  = query.Column{Name: "status", Storage: fieldtype.Int}
	colBody    = query.Column{Name: "body", Storage: fieldtype.Text}
	colError   = query.Column{Name: "error", Storage: fieldtype.Text}
	colParams  = query.Column{Name: "error_params", Storage: fieldtype.JSON}
)

var callColumns = []query.Column{colRun, colRecord, colRequest, colTries, colTried, colState, colDue, colStatus, colBody, colError, colParams}

// Tables are the tables this room keeps in every tenant.
func Tables() []store.Table {
	due := store.IndexOn("_call_due", colDue)
	due.Filled = true
	return []store.Table{{Name: callTable, Columns: callColumns, Indexes: []store.Index{due, store.IndexOn("_call_run", colRun), store.IndexOn("_call_record", colRecord)}}}
}

// Keep keeps a new call, of which Run, Record, Request and Tries are given.
func Keep(ctx context.Context, tx store.Tx, c *Call, ids *id.Source, now time.Time) error {
	raw, err := json.Marshal(c.Request)
	if err != nil {
		return fmt.Errorf("writing a request: %w", err)
	}
	c.ID, c.State, c.Due = ids.Next(), Pending, now
	values := map[string]any{colRun.Name: int64(c.Run), colRecord.Name: int64(c.Record), colRequest.Name: json.RawMessage(raw), colTries.Name: c.Tries, colTried.Name: int64(0),
		colState.Name: c.State, colDue.Name: c.Due.UnixMilli()}
	if err := tx.Insert(ctx, callTable, c.ID, values, nil); err != nil {
		return fmt.Errorf("keeping a request: %w", err)
	}
	return nil
}

// Get reads a call. Fault outside.unknown (NotFound).
func Get(ctx context.Context, from store.Reader, key id.ID) (*Call, error) {
	found, err := find(ctx, from, query.Select{Filter: query.Is(query.ID, int64(key))})
	if err == nil && len(found) == 0 {
		err = fault.New(fault.NotFound, "outside.unknown")
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

func find(ctx context.Context, from store.Reader, q query.Select) ([]*Call, error) {
	q.Table = callTable
	var found []*Call
	for f, err := range store.Find(ctx, from, q, append([]query.Column{query.ID}, callColumns...)...) {
		if err != nil {
			return nil, fmt.Errorf("reading requests: %w", err)
		}
		c := &Call{ID: f.ID(query.ID), Run: f.ID(colRun), Record: f.ID(colRecord), Tries: f.Int(colTries), Tried: f.Int(colTried), State: f.Text(colState), Due: f.Time(colDue),
			Status: f.Int(colStatus), Body: []byte(f.Text(colBody))}
		if err := json.Unmarshal(f.JSON(colRequest), &c.Request); err != nil {
			return nil, fmt.Errorf("reading a request: %w", err)
		}
		if code := f.Text(colError); code != "" {
			c.Fault = &fault.Fault{Kind: fault.Conflict, Code: code}
			if raw := f.JSON(colParams); raw != nil {
				if err := json.Unmarshal(raw, &c.Fault.Params); err != nil {
					return nil, fmt.Errorf("reading why a request failed: %w", err)
				}
			}
		}
		found = append(found, c)
	}
	return found, nil
}

// Of are the calls of a run.
func Of(ctx context.Context, from store.Reader, run id.ID) ([]*Call, error) {
	return find(ctx, from, query.Select{Filter: query.Is(colRun, int64(run))})
}

// Remove forgets some calls of a run, for which it waits no more; all if none are given.
func Remove(ctx context.Context, tx store.Tx, run id.ID, some ...id.ID) error {
	return remove(ctx, tx, store.Among(query.Is(colRun, int64(run)), some))
}

// RemoveAbout forgets calls about records that are gone for good.
func RemoveAbout(ctx context.Context, tx store.Tx, records []any) error {
	return remove(ctx, tx, query.In{Ref: query.Field(colRecord), Values: records})
}

func remove(ctx context.Context, tx store.Tx, gone query.Filter) error {
	if _, err := tx.DeleteWhere(ctx, callTable, gone); err != nil {
		return fmt.Errorf("removing requests: %w", err)
	}
	return nil
}

// Forget forgets a call that may be gone already.
func Forget(ctx context.Context, tx store.Tx, key id.ID) error {
	if err := tx.Delete(ctx, callTable, key); err != nil {
		return fmt.Errorf("removing a request: %w", err)
	}
	return nil
}

// Next is when the first of the calls that are pending is tried next; the zero time: none is.
func Next(ctx context.Context, from store.Reader) (time.Time, error) {
	q := query.Select{Table: callTable, Filter: query.Compare{Ref: query.Field(colDue), Op: query.Ge, Value: int64(0)}, Sort: []query.Order{{Ref: query.Field(colDue)}, {Ref: query.Field(query.ID)}}}
	row, found, err := store.First(ctx, from, q, colDue)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading which request is made next: %w", err)
	}
	if !found {
		return time.Time{}, nil
	}
	return row.Time(colDue), nil
}

// Reach is what requests may reach, and with which secrets.
type Reach struct {
	Secrets *connection.Secrets
	// Networks may be reached besides the public one.
	Networks []netip.Prefix
	// Roots are what certificates of outside systems come from; nil: those of the machine.
	Roots *x509.CertPool
}

// dial opens a connection where it may lead.
func (r Reach) dial(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{Timeout: 10 * time.Second, Control: guard(r.Networks)}).DialContext(ctx, network, address)
}

// Server is a server for mail with its secret, as it is reached; see mail.Server.
func (r Reach) Server(c *connection.Connection, secret string) mail.Server {
	return mail.Server{Connection: c, Secret: secret, Dial: r.dial, Roots: r.Roots}
}

// Options are what a Caller is made of.
type Options struct {
	Reach   Reach
	Catalog *catalog.Catalog
	Now     func() time.Time
	// Answered is called in the transaction that keeps the answer of a call, or its failure.
	Answered func(ctx context.Context, tx store.Tx, c *Call) error
	// Kept is called once of each, when that is committed.
	Kept func(c *Call)
	// Late is called of a message that was sent though its call had been forgotten meanwhile.
	Late func(ctx context.Context, t store.Tenant, c *Call) error
	// Linked is called, after Answered, of what became of a message that brings a link: no run waits for it.
	Linked func(ctx context.Context, t store.Tenant, c *Call) error
	// Prepare makes the message of a call ready, each time before it is sent: as it may be sent then, with all that it is kept without. left are those
	// to whom it is not sent. The message of the call stays as it is.
	Prepare func(ctx context.Context, t store.Tenant, s *catalog.Snapshot, c *Call) (ready *mail.Message, left []string, err error)
	// Print prints what a call asks for, outside of transactions; what it returns is kept as the answer.
	Print func(ctx context.Context, t store.Tenant, s *catalog.Snapshot, c *Call) (printed []byte, err error)
	// Committed is called after that with the tenant's name.
	Committed func(tenant string)
	// Failed is told of what kept an answer from being kept.
	Failed func(tenant string, err error)
}

// Caller makes requests. Safe for concurrent use.
type Caller struct {
	o       Options
	senders map[connection.Protocol]sends
	flights *budget.Flights // requests under way
	ctx     context.Context // theirs
	places  *budget.Places  // of them
	keeping *budget.Places  // of answers that are being kept
}

// New makes a caller.
func New(o Options) *Caller {
	flights := budget.NewFlights()
	return &Caller{o: o, senders: senders(o.Reach, o.Now), flights: flights, ctx: flights.Context(), places: budget.NewPlaces(atOnce, atOnceOfAll), keeping: budget.NewPlaces(atOnce, atOnceOfAll)}
}

// Run returns when ctx has ended and no request is under way any more: those that were are made again later.
func (c *Caller) Run(ctx context.Context) { c.flights.Run(ctx) }

// Flying is how many requests are under way, or have their answers kept.
func (c *Caller) Flying() int { return c.places.Taken() + c.keeping.Taken() }

// Start begins to make requests of a tenant that are due, as many as there is room for, and returns without waiting for
// their answers. It reports whether there was room for any.
func (c *Caller) Start(ctx context.Context, t store.Tenant) (room bool, err error) {
	n := c.places.Take(t.Name())
	if n == 0 {
		return false, nil
	}
	var due, lost []*Call
	err = t.Write(ctx, func(tx store.Tx) (err error) {
		lost = nil
		past := query.Compare{Ref: query.Field(colDue), Op: query.Le, Value: c.o.Now().UnixMilli()}
		if due, err = find(ctx, tx, query.Select{Filter: past, Limit: n, Sort: []query.Order{{Ref: query.Field(colDue)}, {Ref: query.Field(query.ID)}}}); err != nil {
			return err
		}
		for i, call := range due {
			if call.Tried >= call.Tries { // it was under way for the last time when its process was killed
				call.State, call.Fault = Failed, fault.New(fault.Conflict, "outside.lost")
				if err := call.keep(ctx, tx); err != nil {
					return err
				}
				if err := c.o.Answered(ctx, tx, call); err != nil {
					return err
				}
				due[i], lost = nil, append(lost, call)
				continue
			}
			call.Tried++
			values := map[string]any{colTried.Name: call.Tried, colDue.Name: c.o.Now().Add(lease).UnixMilli()}
			if err := tx.Update(ctx, callTable, call.ID, 0, values, nil); err != nil {
				return fmt.Errorf("taking up a request: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		c.places.Give(t.Name(), n)
		return false, err
	}
	for _, call := range lost {
		c.o.Kept(call)
	}
	if len(lost) > 0 {
		c.o.Committed(t.Name())
	}
	for _, call := range lost {
		if m := call.Request.Mail; m != nil && m.Linked() {
			if err := c.o.Linked(ctx, t, call); err != nil {
				c.o.Failed(t.Name(), err)
			}
		}
	}
	due = slices.DeleteFunc(due, func(call *Call) bool { return call == nil })
	if !c.flights.Begin(len(due)) { // they are made again when their lease has ended
		c.places.Give(t.Name(), n)
		return true, nil
	}
	c.places.Give(t.Name(), n-len(due))
	for _, call := range due {
		go func() {
			defer c.flights.Done()
			if err := c.call(t, call); err != nil && c.ctx.Err() == nil {
				c.o.Failed(t.Name(), err)
			}
		}()
	}
	return true, nil
}

// call makes a request once, and keeps what came of it. There is room for another before the answer is kept, so that whoever
// hears of the answer finds it, unless as many wait to be kept as there is room for: outside systems may be faster than the store.
func (c *Caller) call(t store.Tenant, call *Call) error {
	got, err := c.try(t, call)
	if c.keeping.TakeOne(t.Name()) {
		c.places.Give(t.Name(), 1)
		defer c.keeping.Give(t.Name(), 1)
	} else {
		defer c.places.Give(t.Name(), 1)
	}
	if err != nil || got.again && c.ctx.Err() != nil { // what was cut off is made again
		return err
	}
	// What the outside system has answered is kept also while the program stops: else it would be asked twice.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), keepWithin)
	defer cancel()
	call.Status, call.Fault = int64(got.status), got.fault
	if utf8.Valid(got.body) && json.Valid(got.body) {
		call.Body = got.body
	}
	switch {
	case got.fault == nil:
		call.State = Done
	case !got.again || call.Tried >= call.Tries:
		call.State = Failed
	default:
		call.Due = c.o.Now().Add(max(got.pause, call.wait()))
	}
	gone, kept := false, false
	err = t.Write(ctx, func(tx store.Tx) error {
		kept = false
		now, err := Get(ctx, tx, call.ID)
		gone = fault.Is(err, "outside.unknown")
		if gone || err == nil && now.State != Pending {
			return nil // the run has ended, or somebody else had an answer first
		}
		if err != nil {
			return err
		}
		if err := call.keep(ctx, tx); err != nil {
			return err
		}
		kept = true
		return c.o.Answered(ctx, tx, call)
	})
	if err == nil && kept {
		c.o.Kept(call)
	}
	switch m := call.Request.Mail; {
	case err != nil || m == nil:
	case gone && call.State == Done:
		err = c.o.Late(ctx, t, call)
	case !gone && call.State != Pending && m.Linked():
		err = c.o.Linked(ctx, t, call)
	}
	if err == nil {
		c.o.Committed(t.Name())
	}
	return err
}

// try makes the request of a call once, by the newest configuration.
func (c *Caller) try(t store.Tenant, call *Call) (reply, error) {
	snapshot, err := c.o.Catalog.Newest(c.ctx, t)
	if err != nil {
		return reply{}, err
	}
	if call.Request.Print != nil {
		printed, err := c.o.Print(c.ctx, t, snapshot, call)
		if err != nil {
			return refused(err)
		}
		return reply{body: printed}, nil
	}
	conn := connection.Of(snapshot)[call.Request.Connection]
	if conn == nil {
		return reply{fault: fault.New(fault.Conflict, "connection.gone", "connection", call.Request.Connection)}, nil
	}
	if speaks := call.Request.speaks(); conn.Protocol() != speaks {
		return reply{fault: fault.New(fault.Conflict, "connection.other_protocol", "connection", call.Request.Connection, "speaks", string(conn.Protocol()), "wanted", string(speaks))}, nil
	}
	secret := ""
	if conn.Secret() {
		secret, err = c.o.Reach.Secrets.Get(c.ctx, t, conn)
	}
	if f := fault.From(err); f != nil {
		if f.Kind.Breaks() {
			return reply{}, err
		}
		return reply{fault: f}, nil
	}
	if call.Request.Mail == nil {
		return c.senders[conn.Protocol()].send(c.ctx, conn, secret, &call.Request, call.ID), nil
	}
	ready, left, err := c.o.Prepare(c.ctx, t, snapshot, call)
	if err != nil {
		return refused(err)
	}
	sent := call.Request
	sent.Mail = ready
	got := c.senders[conn.Protocol()].send(c.ctx, conn, secret, &sent, call.ID)
	if got.fault == nil && len(left) > 0 {
		if got.body, err = json.Marshal(left); err != nil {
			return reply{}, fmt.Errorf("writing to whom a message was not sent: %w", err)
		}
	}
	return got, nil
}

// refused is what came of a try that did not get beyond this program.
func refused(err error) (reply, error) {
	f := fault.From(err)
	if f.Kind.Breaks() {
		return reply{}, err
	}
	return reply{fault: f, again: f.Kind == fault.Unavailable}, nil
}

// Left are the addresses of a message that was sent to which it was not.
func (c *Call) Left() (left []string, err error) {
	if c.Request.Mail == nil || len(c.Body) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(c.Body, &left); err != nil {
		return nil, fmt.Errorf("reading to whom a message was not sent: %w", err)
	}
	return left, nil
}

// keep keeps what became of a call.
func (c *Call) keep(ctx context.Context, tx store.Tx) error {
	values := map[string]any{colState.Name: c.State, colDue.Name: nil, colStatus.Name: nil, colBody.Name: nil, colError.Name: nil, colParams.Name: nil}
	if c.State == Pending {
		values[colDue.Name] = c.Due.UnixMilli()
	}
	if c.Status != 0 {
		values[colStatus.Name] = c.Status
	}
	if c.State == Done && len(c.Body) > 0 {
		values[colBody.Name] = string(c.Body)
	}
	if c.Fault != nil {
		values[colError.Name] = c.Fault.Code
		raw, err := json.Marshal(c.Fault.Params)
		if err != nil {
			return fmt.Errorf("writing why a request failed: %w", err)
		}
		values[colParams.Name] = json.RawMessage(raw)
	}
	if err := tx.Update(ctx, callTable, c.ID, 0, values, nil); err != nil {
		return fmt.Errorf("keeping what became of a request: %w", err)
	}
	return nil
}

// wait is how long is waited after a try that failed: between the half and the whole of a pause that doubles, spread by the id.
func (c *Call) wait() time.Duration {
	full := longest
	if c.Tried < 10 {
		full = min(longest, firstPause<<(c.Tried-1))
	}
	spread := sha256.Sum256(fmt.Append(nil, c.ID, c.Tried))
	return full/2 + time.Duration(binary.BigEndian.Uint64(spread[:])>>1)%(full/2)
}
