package fetch_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

const (
	user   = "support@example.com"
	secret = "open sesame"
)

// lent is a certificate for the loopback, and who trusts it.
func lent(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	lender := httptest.NewTLSServer(nil)
	lender.Close()
	roots := x509.NewCertPool()
	roots.AddCert(lender.Certificate())
	return &tls.Config{Certificates: lender.TLS.Certificates}, roots
}

// post is a real server for mail on the loopback, with the folder INBOX.
type post struct {
	*imapmemserver.User
	url    string
	roots  *x509.CertPool
	logins atomic.Int64
}

// newPost has a server serve until the test ends; encrypted from the first byte on, or else by STARTTLS.
func newPost(t *testing.T, implicit bool) *post {
	t.Helper()
	p := &post{User: imapmemserver.NewUser(user, secret)}
	if err := p.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	config, roots := lent(t)
	p.roots = roots
	accounts := imapmemserver.New()
	accounts.AddUser(p.User)
	s := imapserver.New(&imapserver.Options{TLSConfig: config, Logger: log.New(io.Discard, "", 0), NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
		return &session{accounts.NewSession(), p}, nil, nil
	}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.url = "imap://" + l.Addr().String()
	if implicit {
		p.url = "imaps://" + l.Addr().String()
		l = tls.NewListener(l, config)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(l) })
	t.Cleanup(func() { s.Close(); serving.Wait() })
	return p
}

// session counts who logs in.
type session struct {
	imapserver.Session
	post *post
}

func (s *session) Login(name, password string) error {
	s.post.logins.Add(1)
	return s.Session.Login(name, password)
}

// literal is a message as the server takes it.
type literal struct{ *strings.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// put has a message arrive.
func (p *post) put(t *testing.T, at time.Time, raw string) {
	t.Helper()
	if _, err := p.Append("INBOX", literal{strings.NewReader(raw)}, &imap.AppendOptions{Time: at}); err != nil {
		t.Fatal(err)
	}
}

// letter is a message.
func letter(name string) string {
	return "From: ann@example.org\r\nTo: support@example.com\r\nSubject: " + name + "\r\nMessage-ID: <" + name + "@example.org>\r\n\r\nHello\r\n"
}

// renew has the folder be another of the same name, with the messages given.
func (p *post) renew(t *testing.T, at time.Time, raw ...string) {
	t.Helper()
	if err := p.Delete("INBOX"); err != nil {
		t.Fatal(err)
	}
	if err := p.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	for _, one := range raw {
		p.put(t, at, one)
	}
}

// liar is a server for mail that says what a test has it say.
type liar struct {
	url   string
	roots *x509.CertPool
	asked atomic.Int64 // connections
	got   atomic.Int64 // logins
}

// newLiar has a server serve until the test ends, which says something before it answers a command with OK; BODY is that to get a message.
func newLiar(t *testing.T, greeting string, says map[string]func(io.Writer)) *liar {
	t.Helper()
	config, roots := lent(t)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := tls.NewListener(plain, config)
	s := &liar{url: "imaps://" + plain.Addr().String(), roots: roots}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.asked.Add(1)
			serving.Go(func() { defer conn.Close(); s.serve(conn, greeting, says) })
		}
	})
	t.Cleanup(func() { l.Close(); serving.Wait() })
	return s
}

func (s *liar) serve(conn net.Conn, greeting string, says map[string]func(io.Writer)) {
	if _, err := io.WriteString(conn, greeting); err != nil {
		return
	}
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		words := strings.SplitN(lines.Text(), " ", 3)
		if len(words) < 2 {
			return
		}
		if words[1] == "LOGIN" {
			s.got.Add(1)
		}
		name := words[1]
		if name == "UID" {
			name = "FETCH"
			if strings.Contains(words[2], "BODY") {
				name = "BODY"
			}
		}
		if say := says[name]; say != nil {
			say(conn)
		}
		if _, err := fmt.Fprintf(conn, "%s OK done\r\n", words[0]); err != nil {
			return
		}
	}
}
