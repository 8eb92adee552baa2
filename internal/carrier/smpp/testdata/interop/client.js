// node-smpp as a client. Arguments: port. Binds, submits what a foreign client would, prints one JSON object a line for
// each answer and each deliver_sm, asks for the state of the first message, and unbinds when the last receipt is in.
'use strict';
const smpp = require('smpp');

const say = (o) => process.stdout.write(JSON.stringify(o) + '\n');
const session = smpp.connect({ url: `smpp://127.0.0.1:${process.argv[2]}` });
const wanted = 5;
let receipts = 0;
let texts = 0;
let first = '';

session.on('error', (e) => { say({ event: 'error', message: String(e) }); process.exit(1); });
session.on('close', () => process.exit(0));

const done = () => {
  if (receipts < wanted || texts < 1) return;
  session.query_sm({ message_id: first, source_addr: 'CLINIC', source_addr_ton: 5 }, (q) => {
    say({ event: 'query_sm_resp', status: q.command_status, state: q.message_state, id: q.message_id });
    session.enquire_link({}, (e) => {
      say({ event: 'enquire_link_resp', status: e.command_status });
      session.unbind({}, (u) => { say({ event: 'unbind_resp', status: u.command_status }); session.close(); });
    });
  });
};

session.on('deliver_sm', (pdu) => {
  session.send(pdu.response());
  const receipt = (pdu.esm_class & 0x3c) === 4;
  say({
    event: 'deliver_sm', receipt, from: pdu.source_addr, to: pdu.destination_addr, text: String(pdu.short_message.message),
    id: pdu.receipted_message_id, state: pdu.message_state, udh: !!pdu.short_message.udh,
  });
  if (receipt) receipts++; else texts++;
  done();
});

const submit = (name, o) => session.submit_sm({ source_addr: 'CLINIC', source_addr_ton: 5, registered_delivery: 1, ...o }, (pdu) => {
  first = first || pdu.message_id;
  say({ event: 'submit_sm_resp', name, status: pdu.command_status, id: pdu.message_id });
});

session.bind_transceiver({ system_id: 'node', password: 's3cret', interface_version: 0x34 }, (pdu) => {
  say({ event: 'bind_resp', status: pdu.command_status, version: pdu.sc_interface_version });
  if (pdu.command_status) return;
  submit('plain', { destination_addr: '48600100201', short_message: 'Reply 1 to confirm, 2 to cancel.' });
  submit('ucs2', { destination_addr: '48600100202', data_coding: 8, short_message: 'Żółw' });
  submit('kannel part 1', { destination_addr: '48600100203', esm_class: 0x43, registered_delivery: 17, short_message: { udh: Buffer.from([5, 0, 3, 9, 2, 1]), message: 'first ' } });
  submit('kannel part 2', { destination_addr: '48600100203', esm_class: 0x43, registered_delivery: 17, short_message: { udh: Buffer.from([5, 0, 3, 9, 2, 2]), message: 'second' } });
  submit('payload', { destination_addr: '48600100204', message_payload: 'x'.repeat(400) });
});
