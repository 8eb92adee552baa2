// node-smpp as an SMSC. Prints one JSON object a line: what it understood of each PDU. The last two digits of a
// destination say what happens: 58 throttled, 0b is written 11 (bad number), 99 no answer at all; anything else is accepted
// and gets a receipt. A text that begins with "say " makes the phone answer with the rest.
'use strict';
const smpp = require('smpp');

const say = (o) => process.stdout.write(JSON.stringify(o) + '\n');
let made = 0;

const server = smpp.createServer((session) => {
  const bind = (resp) => (pdu) => {
    const ok = pdu.password === 's3cret';
    session.send(pdu.response({ command_status: ok ? 0 : smpp.ESME_RINVPASWD, system_id: 'node' }));
    say({ event: resp, system_id: pdu.system_id, version: pdu.interface_version, system_type: pdu.system_type });
  };
  session.on('bind_transceiver', bind('bind_transceiver'));
  session.on('bind_transmitter', bind('bind_transmitter'));
  session.on('bind_receiver', bind('bind_receiver'));
  session.on('error', (e) => say({ event: 'error', message: String(e) }));
  session.on('enquire_link', (pdu) => { say({ event: 'enquire_link' }); session.send(pdu.response()); });
  session.on('unbind', (pdu) => { say({ event: 'unbind' }); session.send(pdu.response(), () => session.close()); });
  session.on('deliver_sm_resp', (pdu) => say({ event: 'deliver_sm_resp', status: pdu.command_status }));
  session.on('query_sm', (pdu) => {
    session.send(pdu.response({ message_id: pdu.message_id, final_date: '', message_state: 2, error_code: 0 }));
  });

  session.on('submit_sm', (pdu) => {
    const body = pdu.message_payload || pdu.short_message;
    const udh = body.udh ? Buffer.concat(body.udh.map((e) => (Buffer.isBuffer(e) ? e : Buffer.from(e)))).toString('hex') : '';
    const text = Buffer.isBuffer(body.message) ? body.message.toString('latin1') : String(body.message);
    say({
      event: 'submit_sm', from: pdu.source_addr, from_ton: pdu.source_addr_ton, to: pdu.destination_addr, to_ton: pdu.dest_addr_ton,
      text, udh, esm_class: pdu.esm_class, data_coding: pdu.data_coding, registered: pdu.registered_delivery,
      validity: String(pdu.validity_period), ref: pdu.user_message_reference, sar: pdu.sar_total_segments, payload: !!pdu.message_payload,
    });
    switch (pdu.destination_addr.slice(-2)) {
      case '58': return session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
      case '11': return session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
      case '99': return undefined;
    }
    const id = (++made + 0xabc0).toString(16).toUpperCase();
    session.send(pdu.response({ message_id: id }));
    const back = { source_addr: pdu.destination_addr, source_addr_ton: 1, source_addr_npi: 1, destination_addr: pdu.source_addr };
    session.deliver_sm({
      ...back, esm_class: 4,
      short_message: `id:${id} sub:001 dlvrd:001 submit date:2603031015 done date:2603031016 stat:DELIVRD err:000 text:`,
      receipted_message_id: id, message_state: 2, user_message_reference: pdu.user_message_reference || 0,
    });
    if (text.startsWith('say ')) {
      session.deliver_sm({ ...back, destination_addr: '4455', data_coding: 8, short_message: text.slice(4) });
    }
    return undefined;
  });
});

server.listen(0, '127.0.0.1', () => say({ event: 'listening', port: server.address().port }));
process.stdin.on('end', () => process.exit(0)).resume(); // the test closes our stdin
