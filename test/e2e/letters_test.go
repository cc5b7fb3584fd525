package e2e

import (
	"errors"
	"io"
	"net"
	"net/mail"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// letters is a server for mail that takes messages, and refuses some of them for now.
type letters struct {
	address string
	mu      sync.Mutex
	ids     map[string]map[string]bool // by their subjects, of those that were taken
	given   int
}

func newLetters(t *testing.T) *letters {
	of := &letters{ids: map[string]map[string]bool{}}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return of, nil }))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	of.address = "smtp://" + l.Addr().String()
	served := make(chan struct{})
	go func() { defer close(served); _ = s.Serve(l) }()
	t.Cleanup(func() { s.Close(); <-served })
	return of
}

func (*letters) Reset()                               {}
func (*letters) Logout() error                        { return nil }
func (*letters) Mail(string, *smtp.MailOptions) error { return nil }
func (*letters) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (l *letters) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	subject, id := m.Header.Get("Subject"), m.Header.Get("Message-Id")
	if subject == "" || id == "" {
		return errors.New("it says not what it is")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.given++; l.given%7 == 0 {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCodeNotSet, Message: "not now"}
	}
	if l.ids[subject] == nil {
		l.ids[subject] = map[string]bool{}
	}
	l.ids[subject][id] = true
	return nil
}

// check wants each message to have arrived, as the same one however often it did.
func (l *letters) check(t *testing.T, accounts int64) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	oneEach(t, "e-mail", l.ids, accounts)
	t.Logf("%d tries for %d messages", l.given, len(l.ids))
}
