// A client of werift-sctp, an SCTP stack in TypeScript: sends messages of several sizes to the echo
// server on 127.0.0.1:PORT and wants them back with their bounds.
//   node sctp_peer.js MODULES PORT
const [modules, port] = [process.argv[2], Number(process.argv[3])];
const { SCTP, createUdpTransport } = require(`${modules}/werift-sctp`);
const socket = require('dgram').createSocket('udp4');

const sent = [1, 100, 1200, 5000, 60000].map((size) => Buffer.alloc(size, String(size % 10)));
let received = 0;

function take(stream, protocol, bytes) {
  if (!bytes.equals(sent[received])) {
    console.error(`message ${received} differs: ${bytes.length} bytes`);
    process.exit(1);
  }
  if (++received < sent.length) return;
  console.log(`${received} messages came back`);
  process.exit(0);
}

socket.bind(0, '127.0.0.1', async () => {
  const transport = createUdpTransport(socket, { address: '127.0.0.1', port });
  const association = SCTP.client(transport, 5000);
  association.onReceive.subscribe(take);
  association.stateChanged.connected.subscribe(async () => {
    for (const each of sent) await association.send(0, 51, each);
  });
  await association.start(port);
});
