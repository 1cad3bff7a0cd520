// Each line of standard input is a text in JSON; each line of standard output says how Twilio's calculator counts it.
import { createInterface } from "node:readline";
import { SegmentedMessage } from "sms-segments-calculator";

for await (const line of createInterface({ input: process.stdin })) {
  const counted = new SegmentedMessage(JSON.parse(line));
  const units = counted.encodedChars.reduce((sum, char) => sum + (char.codeUnits?.length ?? 1), 0);
  console.log(JSON.stringify([counted.encodingName, counted.segmentsCount, units]));
}
