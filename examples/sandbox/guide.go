package main

// The guide, which lists the addresses and commands to paste.

import (
	_ "embed"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

//go:embed guide.txt
var guideText string

var guide = template.Must(template.New("guide").Parse(guideText))

// door is a line about a port.
type door struct {
	Name, Address string
	Moved         bool // it is not the usual port
}

// endpoint is an address in its parts.
type endpoint struct{ Host, Port string }

// guide prints the guide or, with -json, the addresses of the doors.
func (s *sandbox) guide(w io.Writer) {
	if s.o.json {
		s.log.ready(s.at, s.ca)
		return
	}
	at := func(flag string) endpoint {
		host, port, err := net.SplitHostPort(s.at[flag])
		if err != nil {
			return endpoint{}
		}
		if host == "::" || host == "0.0.0.0" {
			host = "127.0.0.1"
		}
		return endpoint{host, port}
	}
	usual := s.o.addresses()
	var doors []door
	for _, d := range []struct{ name, flag, scheme string }{
		{"SMTP", "smtp", ""}, {"Submission", "submission", ""}, {"POP3", "pop3", ""}, {"IMAP", "imap", ""}, {"DNS", "dns", ""}, {"SOCKS5", "socks", ""}, {"Page", "http", "http://"},
	} {
		if address := s.at[d.flag]; address != "" {
			_, want, _ := net.SplitHostPort(usual[d.flag])
			moved := want != "0" && want != at(d.flag).Port
			doors = append(doors, door{d.name, d.scheme + address, moved})
		}
	}
	var mail *endpoint
	for _, flag := range []string{"smtp", "submission"} {
		if e := at(flag); e.Port != "" && mail == nil {
			mail = &e
		}
	}
	api, auth := "", ""
	if e := at("http"); e.Port != "" {
		api = "http://" + net.JoinHostPort(e.Host, e.Port) + "/api"
	}
	if s.o.password != "" {
		auth = " -u any:PASSWORD"
	}
	guide.Execute(w, struct {
		Doors      []door
		Providers  string
		Reachable  bool
		CA         string
		SMTP, DNS  endpoint
		POP3, IMAP endpoint
		API, Auth  string // of the page
		Server     string // the name of the SMTP server in rules
		SOCKS      string
		HostsPort  int
		QQ         bool // qq.com, of examples, is there
		Mail       *endpoint
		Login      string
		Users      string
	}{
		doors, strings.Join(s.o.providers, ", "), s.o.run || s.o.hostsOnLoopback != 0 || s.at["socks"] != "", s.ca, at("smtp"), at("dns"), at("pop3"), at("imap"),
		api, auth, net.JoinHostPort(hostName, strconv.Itoa(smtpPort)), s.at["socks"],
		s.o.hostsOnLoopback, slices.Contains(s.o.providers, "qq.com"),
		mail, at("submission").Port, s.o.users,
	})
}
