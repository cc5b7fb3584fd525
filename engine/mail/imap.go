package mail

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"

	"formwork/engine/fault"
)

const (
	// maxSaid is how many bytes a server says at most to one command, besides messages that it was asked for.
	maxSaid = 32 << 10
	// maxListed is how many messages are looked at in one listing.
	maxListed = 5_000
	// chunk is how much of a message is read at a time.
	chunk = 64 << 10
)

// What a server for mail may refuse.
var (
	ErrLogin    = errors.New("the server for mail lets nobody in with this user and secret")
	ErrFolder   = errors.New("the server for mail has no such folder")
	ErrWithheld = errors.New("the server for mail does not give a message")
	// ErrSpeech: it says what is no IMAP, says too much, or ended the connection.
	ErrSpeech = errors.New("the server for mail says what can't be read, or ended the connection")
)

// Folder is a folder of a server for mail that is open to be read. Nothing in it changes by that: messages stay unread. It is used by one
// goroutine.
type Folder struct {
	// Validity says for how long the numbers of messages hold: where it is another, so are they. Next is above all numbers that there are.
	Validity, Next uint32

	ctx    context.Context
	conn   *measured
	client *imapclient.Client
	closed func() bool // no longer closes the connection when ctx ends
	ended  bool
}

// Listed is a message in a folder.
type Listed struct {
	UID  uint32
	Size int64
	At   time.Time // when it came into the folder
}

// Folder opens a folder, until ctx ends or the time is over that the connection says: that holds for all that is done with it. Nobody logs in
// before the connection is encrypted. Errors: ErrLogin, ErrFolder, ErrUnfit, ErrSpeech, context.DeadlineExceeded, or what kept the server from being
// reached.
func (s Server) Folder(ctx context.Context, name string) (*Folder, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Connection.Timeout())
	conn, err := s.open(ctx, "tcp", net.JoinHostPort(s.Connection.Server(), s.Connection.Port()))
	if err != nil {
		cancel()
		return nil, fmt.Errorf("connecting to a server for mail: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	f := &Folder{ctx: ctx, conn: &measured{Conn: conn}, closed: func() bool { defer cancel(); return stop() }}
	err = s.login(f)
	if err == nil {
		err = f.choose(name)
	}
	if err != nil {
		err = f.why(err)
		f.Close()
		return nil, err
	}
	return f, nil
}

// login makes the connection a client's, encrypted and logged in.
func (s Server) login(f *Folder) error {
	greeted := ""
	if !s.Connection.TLS() {
		encrypted, err := startTLS(f.ctx, f.conn.Conn, s.tls())
		if err != nil {
			return err
		}
		f.conn.Conn, greeted = encrypted, "* OK encrypted\r\n" // as a server greets that is so from the first byte on
	}
	f.conn.allow(maxSaid)
	f.client = imapclient.New(screen(f.conn, greeted), nil)
	if err := f.client.WaitGreeting(); err != nil {
		return err
	}
	f.conn.allow(maxSaid)
	var err error
	switch caps := f.client.Caps(); {
	case caps.Has(imap.AuthCap(sasl.Plain)):
		err = f.client.Authenticate(sasl.NewPlainClient("", s.Connection.Doc.User, s.Secret))
	case caps.Has(imap.CapLoginDisabled):
		return ErrUnfit
	default:
		err = f.client.Login(s.Connection.Doc.User, s.Secret).Wait()
	}
	if refused(err) {
		return ErrLogin
	}
	if err != nil || !f.client.Caps().Has(imap.CapID) {
		return err
	}
	f.conn.allow(maxSaid)
	if _, err = f.client.ID(&imap.IDData{Name: "Formwork"}).Wait(); refused(err) { // some open no folder to who does not say what they are
		return nil
	}
	return err
}

// refused reports whether a server says no, and not only for now.
func refused(err error) bool {
	var said *imap.Error
	if !errors.As(err, &said) || said.Type != imap.StatusResponseTypeNo {
		return false
	}
	switch said.Code {
	case imap.ResponseCodeUnavailable, imap.ResponseCodeInUse, imap.ResponseCodeLimit, imap.ResponseCodeServerBug:
		return false
	}
	return true
}

// choose opens a folder to be read alone.
func (f *Folder) choose(name string) error {
	f.conn.allow(maxSaid)
	data, err := f.client.Select(name, &imap.SelectOptions{ReadOnly: true}).Wait()
	switch {
	case refused(err):
		return ErrFolder
	case err != nil:
		return err
	case data.UIDValidity == 0 || data.UIDNext == 0: // so which message is new can't be told
		return ErrUnfit
	}
	f.Validity, f.Next = data.UIDValidity, uint32(data.UIDNext)
	return nil
}

// List are the first messages, at most so many, whose numbers are between two, these among them.
func (f *Folder) List(from, to uint32, most int) ([]Listed, error) {
	f.conn.allow(maxSaid)
	command := f.client.Fetch(imap.UIDSet{{Start: imap.UID(from), Stop: imap.UID(to)}}, &imap.FetchOptions{UID: true, RFC822Size: true, InternalDate: true})
	var found []Listed
	for seen := 0; ; seen++ {
		m := command.Next()
		if m == nil {
			break
		}
		f.conn.allow(maxSaid)
		if seen == maxListed {
			f.ended = true
			f.conn.Close() // so that nothing more is waited for
			_ = command.Close()
			return nil, ErrSpeech
		}
		one := Listed{Size: -1}
		for item := m.Next(); item != nil; item = m.Next() {
			switch item := item.(type) {
			case imapclient.FetchItemDataUID:
				one.UID = uint32(item.UID)
			case imapclient.FetchItemDataRFC822Size:
				one.Size = item.Size
			case imapclient.FetchItemDataInternalDate:
				one.At = item.Time
			}
		}
		if one.UID < from || one.UID > to || one.Size < 0 { // what changes meanwhile is told unasked, and without its size
			continue
		}
		at, _ := slices.BinarySearchFunc(found, one, func(a, b Listed) int { return cmp.Compare(a.UID, b.UID) })
		if at < most {
			found = slices.Insert(found, at, one)
			found = found[:min(len(found), most)]
		}
	}
	if err := command.Close(); err != nil {
		return nil, f.why(err)
	}
	return found, nil
}

// Get is a message; nil: it is not there any more. What comes to be held of the memory is asked of hold before, whose errors it returns. All errors
// but ErrWithheld end the folder. Fault mail.too_large (TooLarge).
func (f *Folder) Get(uid uint32, hold func(bytes int64) error) ([]byte, error) {
	f.conn.allow(maxSaid)
	command := f.client.Fetch(imap.UIDSetNum(imap.UID(uid)), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
	var raw []byte
	for m := command.Next(); m != nil; m = command.Next() {
		for item := m.Next(); item != nil; item = m.Next() {
			body, ok := item.(imapclient.FetchItemDataBodySection)
			if !ok || body.Literal == nil || raw != nil {
				continue
			}
			var behind bool
			var err error
			if raw, behind, err = f.read(body.Literal, hold); behind {
				_ = command.Close() // else the library waits for somebody who takes the rest of the answer
			}
			if err != nil {
				return nil, err
			}
		}
	}
	err := command.Close()
	if refused(err) {
		return nil, ErrWithheld
	}
	if err != nil {
		return nil, f.why(err)
	}
	return raw, nil
}

// read reads a message as it comes, of the size that was said. An error ends the folder; behind says that it ends behind the whole message, where more of
// the answer may be. Where the message broke off, nothing is left, and the library goes on by itself: nobody else may read then.
func (f *Folder) read(from imap.LiteralReader, hold func(int64) error) (message []byte, behind bool, err error) {
	size := from.Size()
	var raw bytes.Buffer
	leave := func(why error) ([]byte, bool, error) {
		f.ended = true
		f.conn.Close()
		rest, broke := io.Copy(io.Discard, from) // lets go of the goroutine that reads
		return nil, broke == nil && int64(raw.Len())+rest == size, why
	}
	if size > MaxRaw {
		return leave(fault.New(fault.TooLarge, "mail.too_large", "limit", MaxRaw))
	}
	f.conn.allow(size + maxSaid)
	for {
		if err := hold(2 * chunk); err != nil { // a buffer that grows is there twice
			return leave(err)
		}
		_, err := io.CopyN(&raw, from, chunk)
		switch {
		case err == nil:
		case !errors.Is(err, io.EOF) || int64(raw.Len()) < size:
			err = f.why(err)
			f.conn.Close()
			return nil, false, err
		default:
			return raw.Bytes(), false, nil
		}
	}
}

// why is what ended the folder, for the library tells it as text.
func (f *Folder) why(err error) error {
	f.ended = true
	var untrusted *tls.CertificateVerificationError
	end, _ := f.ctx.Deadline()
	switch {
	case errors.Is(err, ErrLogin) || errors.Is(err, ErrFolder) || errors.Is(err, ErrUnfit) || errors.As(err, &untrusted):
		return err
	case !time.Now().Before(end):
		return context.DeadlineExceeded
	case f.ctx.Err() != nil:
		return f.ctx.Err()
	}
	return errors.Join(ErrSpeech, err)
}

// Ended reports whether nothing more can be asked.
func (f *Folder) Ended() bool { return f.ended }

// Close ends the connection.
func (f *Folder) Close() {
	f.closed()
	f.conn.Close()
	if f.client != nil {
		_ = f.client.Close() // waits for the goroutine that reads
	}
}
