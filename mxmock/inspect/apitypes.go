package inspect

// The JSON API: the shapes of its answers, as openapi.yaml describes them.

import (
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/lint"
	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
)

type (
	jsonError struct {
		Error string `json:"error"`
	}

	jsonDeleted struct {
		Deleted int `json:"deleted"`
	}

	jsonMessages struct {
		Total    int           `json:"total"`
		Messages []jsonSummary `json:"messages"`
	}

	jsonSummary struct {
		ID          int           `json:"id"`
		Host        string        `json:"host"`
		Number      int           `json:"number"`
		Session     int           `json:"session"`
		Time        time.Time     `json:"time"`
		Sender      string        `json:"sender"`
		Recipients  []string      `json:"recipients"`
		From        []jsonAddress `json:"from"`
		To          []jsonAddress `json:"to"`
		Cc          []jsonAddress `json:"cc"`
		Subject     string        `json:"subject"`
		MessageID   string        `json:"messageId"`
		Size        int           `json:"size"`
		Attachments int           `json:"attachments"`
		Acked       bool          `json:"acked"`
	}

	jsonAddress struct {
		Name    string `json:"name"`
		Address string `json:"address"`
	}

	jsonMessage struct {
		jsonSummary
		Header   []jsonField  `json:"header"`
		Text     string       `json:"text"`
		HTML     string       `json:"html"`
		Parts    []jsonPart   `json:"parts"`
		Links    []jsonLink   `json:"links"`
		Problems []string     `json:"problems"`
		Envelope jsonEnvelope `json:"envelope"`
	}

	jsonField struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}

	jsonPart struct {
		Path        string `json:"path"`
		MediaType   string `json:"mediaType"`
		Filename    string `json:"filename"`
		ContentID   string `json:"contentId"`
		Disposition string `json:"disposition"`
		Encoding    string `json:"encoding"`
		Size        int    `json:"size"`
		Below       int    `json:"below"`
		Attachment  bool   `json:"attachment"`
	}

	jsonLink struct {
		URL  string `json:"url"`
		Text string `json:"text"`
		Says string `json:"says"`
	}

	jsonEnvelope struct {
		Helo      string `json:"helo"`
		Client    string `json:"client"`
		Server    string `json:"server"`
		User      string `json:"user"`
		Mechanism string `json:"mechanism"`
		TLS       string `json:"tls"`
		Body      string `json:"body"`
		SMTPUTF8  bool   `json:"smtputf8"`
		Chunking  bool   `json:"chunking"`
	}

	jsonFindings struct {
		Findings []jsonFinding `json:"findings"`
	}

	jsonFinding struct {
		Severity string `json:"severity"`
		Line     int    `json:"line"`
		Part     string `json:"part"`
		Rule     string `json:"rule"`
		Section  string `json:"section"`
		Text     string `json:"text"`
		Fix      string `json:"fix"`
	}

	jsonVerdict struct {
		SPF   jsonSPF    `json:"spf"`
		DKIM  []jsonDKIM `json:"dkim"`
		DMARC jsonDMARC  `json:"dmarc"`
		Text  string     `json:"text"`
	}

	jsonSPF struct {
		Result string `json:"result"`
		Reason string `json:"reason"`
		Domain string `json:"domain"`
		Record string `json:"record"`
	}

	jsonDKIM struct {
		Result   string `json:"result"`
		Reason   string `json:"reason"`
		Domain   string `json:"domain"`
		Selector string `json:"selector"`
	}

	jsonDMARC struct {
		Result string `json:"result"`
		Reason string `json:"reason"`
		Domain string `json:"domain"`
		Record string `json:"record"`
		Policy string `json:"policy"`
	}

	jsonSessions struct {
		Sessions []jsonSession `json:"sessions"`
	}

	jsonSession struct {
		Host         string     `json:"host"`
		Number       int        `json:"number"`
		Client       string     `json:"client"`
		Server       string     `json:"server"`
		Helo         string     `json:"helo"`
		User         string     `json:"user"`
		TLS          string     `json:"tls"`
		Start        time.Time  `json:"start"`
		End          *time.Time `json:"end"`
		Ending       string     `json:"ending"`
		Messages     []int      `json:"messages"`
		MessageCount int        `json:"messageCount"`
		TurnCount    int        `json:"turnCount"`
		Turns        []jsonTurn `json:"turns,omitempty"`
	}

	jsonTurn struct {
		Number   int        `json:"number"`
		Stage    string     `json:"stage"`
		Command  string     `json:"command"`
		Payload  int        `json:"payload"`
		Reply    string     `json:"reply"`
		Received time.Time  `json:"received"`
		Replied  *time.Time `json:"replied"`
		Rule     int        `json:"rule"`
		RuleText string     `json:"ruleText"`
		Message  int        `json:"message"`
		Notes    []string   `json:"notes"`
	}

	jsonJournal struct {
		Total  *int        `json:"total"`
		Last   int         `json:"last"`
		Events []jsonEvent `json:"events"`
	}

	jsonEvent struct {
		Number int       `json:"number"`
		Time   time.Time `json:"time"`
		Client string    `json:"client"`
		What   string    `json:"what"`
		Result string    `json:"result"`
		Repeat bool      `json:"repeat"`
	}

	jsonRules struct {
		Rules []jsonRule `json:"rules"`
	}

	jsonRule struct {
		Host string `json:"host"`
		Rule string `json:"rule"`
	}
)

func summaryOf(it *item) jsonSummary {
	m := it.msg
	s := jsonSummary{
		ID: it.id, Host: it.host, Number: m.Number, Session: m.Session, Time: m.Time, Sender: m.Envelope.From, Recipients: []string{},
		From: addressesOf(m.From), To: addressesOf(m.To), Cc: addressesOf(m.Cc), Subject: m.Subject, MessageID: m.MessageID,
		Size: len(m.Raw), Attachments: len(m.Attachments), Acked: m.Acked,
	}
	for _, r := range m.Envelope.To {
		s.Recipients = append(s.Recipients, r.Address)
	}
	return s
}

func addressesOf(list []mailtest.Address) []jsonAddress {
	all := make([]jsonAddress, len(list))
	for i, a := range list {
		all[i] = jsonAddress(a)
	}
	return all
}

func messageOf(it *item) jsonMessage {
	m, e := it.msg, &it.msg.Envelope
	one := jsonMessage{
		jsonSummary: summaryOf(it), Header: []jsonField{}, Text: m.Text, HTML: m.HTML, Parts: []jsonPart{}, Links: []jsonLink{},
		Problems: append([]string{}, m.Problems...),
		Envelope: jsonEnvelope{
			Helo: e.Helo, Client: e.Client, Server: e.Server, User: e.User, Mechanism: e.Mechanism, TLS: tlsText(e.TLS),
			Body: e.Body, SMTPUTF8: e.SMTPUTF8, Chunking: e.Chunking,
		},
	}
	for _, f := range m.Header {
		one.Header = append(one.Header, jsonField{f.Name, f.Value})
	}
	attached := make(map[string]bool)
	for _, p := range m.Attachments {
		attached[p.Path] = true
	}
	for _, p := range m.Parts {
		one.Parts = append(one.Parts, jsonPart{
			Path: p.Path, MediaType: p.MediaType, Filename: p.Filename, ContentID: p.ContentID, Disposition: p.Disposition,
			Encoding: p.Encoding, Size: len(p.Content), Below: p.Below, Attachment: p.Below == 0 && attached[p.Path],
		})
	}
	for _, l := range m.Links() {
		said, _ := lint.Spoofed(l)
		one.Links = append(one.Links, jsonLink{l.URL, l.Text, said})
	}
	return one
}

// tlsText returns the version of TLS and the cipher suite.
func tlsText(t *mailtest.TLSState) string {
	if t == nil {
		return ""
	}
	return t.Version + " " + t.Cipher
}

func findingsOf(findings []lint.Finding) jsonFindings {
	list := jsonFindings{Findings: []jsonFinding{}}
	for _, f := range findings {
		list.Findings = append(list.Findings, jsonFinding{f.Severity.String(), f.Line, f.Part, f.Rule, f.Section, f.Text, f.Fix})
	}
	return list
}

func verdictOf(r mailauth.Report) jsonVerdict {
	v := jsonVerdict{
		SPF:   jsonSPF{string(r.SPF.Result), r.SPF.Reason, r.SPF.Domain, r.SPF.Record},
		DKIM:  []jsonDKIM{},
		DMARC: jsonDMARC{string(r.DMARC.Result), r.DMARC.Reason, r.DMARC.Domain, r.DMARC.Record, r.DMARC.Policy},
		Text:  r.String(),
	}
	for _, s := range r.Signatures {
		v.DKIM = append(v.DKIM, jsonDKIM{string(s.Result), s.Reason, s.Domain, s.Selector})
	}
	return v
}

func sessionOf(host string, server Reader, s *mailtest.Session) jsonSession {
	one := jsonSession{
		Host: host, Number: s.Number, Client: s.Client, Server: s.Server, Helo: s.Helo, User: s.User, TLS: tlsText(s.TLS),
		Start: s.Start, End: timeOrNull(s.End), Messages: append([]int{}, s.Messages...),
		MessageCount: s.MessageCount, TurnCount: turnsOf(s),
	}
	if one.End != nil {
		one.Ending = s.Ending.String()
	}
	for _, t := range s.Turns {
		turn := jsonTurn{
			Number: t.Number, Stage: t.Stage.String(), Command: t.Command, Payload: len(t.Payload), Reply: t.Reply, Received: t.Received,
			Replied: timeOrNull(t.Replied), Rule: t.Rule, RuleText: ruleText(server, t.Rule), Message: t.Message, Notes: []string{},
		}
		for _, n := range t.Notes {
			turn.Notes = append(turn.Notes, n.String())
		}
		one.Turns = append(one.Turns, turn)
	}
	return one
}

// timeOrNull returns a pointer to t, or nil for the zero time.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func rulesOf(rules []addedRule) jsonRules {
	list := jsonRules{Rules: []jsonRule{}}
	for _, r := range rules {
		list.Rules = append(list.Rules, jsonRule{r.host, r.text})
	}
	return list
}
