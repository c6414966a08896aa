// The official client's organisations, in every release that must work.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { PASSWORD, data, refused } from "./people.js";
import { RELEASES, mailedLink, newClient, operator, versionOf } from "./support.js";

for (const release of RELEASES) {
  const version = await versionOf(release);

  describe(`the client ${version} in an organisation`, { concurrency: false }, () => {
    const address = (name) => `${name}-${release}@organization.example`;
    const slug = `acme-${release}`;
    const signIn = async (name) => {
      const it = await newClient(release, "organizationClient");
      data(await it.client.signIn.email({ email: address(name), password: PASSWORD }));
      return it;
    };
    const active = async (client) => data(await client.getSession()).session.activeOrganizationId;
    let ana;
    let bob;
    let eve;
    let organization;

    before(async () => {
      for (const name of ["ana", "bob", "eve"]) await operator(["user", "create", address(name)], `${PASSWORD}\n`);
      ({ client: ana } = await signIn("ana"));
      ({ client: bob } = await signIn("bob"));
      ({ client: eve } = await signIn("eve"));
    });

    test("founds one, which becomes the active one", async () => {
      assert.equal(data(await ana.organization.checkSlug({ slug })).status, true);
      organization = data(await ana.organization.create({ name: "Acme", slug, metadata: { plan: "pro" } }));
      assert.equal(organization.slug, slug);
      assert.deepEqual(organization.metadata, { plan: "pro" });
      assert.equal(organization.logo, null);
      assert.equal(organization.members[0].role, "owner");
      assert.ok(new Date(organization.createdAt).getTime() > Date.now() - 60_000);
      assert.equal(await active(ana), organization.id);
      assert.deepEqual(data(await ana.organization.list()).map((it) => it.id), [organization.id]);
      refused(await ana.organization.checkSlug({ slug }), 400, "ORGANIZATION_SLUG_ALREADY_TAKEN");
      refused(await eve.organization.create({ name: "Eve", slug }), 400, "ORGANIZATION_ALREADY_EXISTS");
      refused(await eve.organization.create({ name: "Eve", slug: "admin" }), 400, "ORGANIZATION_ALREADY_EXISTS");
      refused(await eve.organization.create({ name: "Eve" }), 400, "VALIDATION_ERROR");
    });

    test("chooses the active one, or none", async () => {
      assert.equal(data(await ana.organization.setActive({ organizationId: null })), null);
      assert.equal(await active(ana), null);
      assert.equal(data(await ana.organization.getFullOrganization({ query: {} })), null);
      assert.equal(data(await ana.organization.setActive({ organizationSlug: slug })).id, organization.id);
      assert.equal(await active(ana), organization.id);
      const theirs = await eve.organization.setActive({ organizationId: organization.id });
      refused(theirs, 403, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION");
    });

    test("invites by a mail, and is joined by its addressee alone", async () => {
      const email = address("bob");
      const invitation = data(await ana.organization.inviteMember({ email, role: "member" }));
      assert.equal(invitation.status, "pending");
      const twoDays = 48 * 3600 * 1000;
      assert.ok(Math.abs(new Date(invitation.expiresAt).getTime() - Date.now() - twoDays) < 60_000);
      refused(await ana.organization.inviteMember({ email, role: "member" }), 400, "USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION");
      const invitationId = (await mailedLink(email)).split("/").at(-1);
      assert.equal(invitationId, invitation.id);
      refused(await eve.organization.acceptInvitation({ invitationId }), 403, "YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION");
      const shown = data(await bob.organization.getInvitation({ query: { id: invitationId } }));
      assert.equal(shown.organizationName, "Acme");
      assert.equal(shown.inviterEmail, address("ana"));
      const accepted = data(await bob.organization.acceptInvitation({ invitationId }));
      assert.equal(accepted.invitation.status, "accepted");
      assert.equal(accepted.member.role, "member");
      assert.equal(await active(bob), organization.id);
      refused(await bob.organization.acceptInvitation({ invitationId }), 400, "INVITATION_NOT_FOUND");
    });

    test("takes an invitation back, or declines it", async () => {
      const invite = async () => data(await ana.organization.inviteMember({ email: address("eve"), role: "admin" })).id;
      const taken = await invite();
      refused(await bob.organization.cancelInvitation({ invitationId: taken }), 403, "YOU_ARE_NOT_ALLOWED_TO_CANCEL_THIS_INVITATION");
      assert.equal(data(await ana.organization.cancelInvitation({ invitationId: taken })).status, "canceled");
      const declined = data(await eve.organization.rejectInvitation({ invitationId: await invite() }));
      assert.equal(declined.invitation.status, "rejected");
      assert.equal(declined.member, null);
    });

    test("sees the whole of it", async () => {
      const full = data(await bob.organization.getFullOrganization({ query: {} }));
      assert.equal(full.id, organization.id);
      assert.deepEqual(full.members.map((it) => it.role).sort(), ["member", "owner"]);
      assert.ok(full.members.every((it) => it.user.email && it.user.id === it.userId));
      assert.deepEqual(full.invitations, []);
      assert.equal(data(await ana.organization.getFullOrganization({ query: {} })).invitations.length, 3);
      const { members, total } = data(await ana.organization.listMembers({ query: { limit: 1 } }));
      assert.deepEqual([members.length, total], [1, 2]);
      const member = data(await bob.organization.getActiveMember({ query: {} }));
      assert.equal(member.role, "member");
      assert.equal(member.user.email, address("bob"));
      const theirs = await eve.organization.getFullOrganization({ query: { organizationId: organization.id } });
      refused(theirs, 403, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION");
    });

    test("may do what the role allows and no more", async () => {
      const may = async (client, permissions) => {
        const answer = await client.organization.hasPermission({ organizationId: organization.id, permissions });
        return data(answer).success;
      };
      assert.equal(await may(ana, { organization: ["delete"], member: ["create"] }), true);
      assert.equal(await may(bob, { invitation: ["create"] }), false);
      const update = { organizationId: organization.id, data: { name: "Bob's" } };
      refused(await bob.organization.update(update), 403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_ORGANIZATION");
      refused(await eve.organization.update(update), 400, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION");
      const renamed = data(await ana.organization.update({ ...update, data: { name: "Acme S.A." } }));
      assert.equal(renamed.name, "Acme S.A.");
      const email = "x@organization.example";
      refused(await bob.organization.inviteMember({ email, role: "member" }), 403, "YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION");
      const owner = address("ana");
      const remove = { memberIdOrEmail: owner, organizationId: organization.id };
      refused(await bob.organization.removeMember(remove), 400, "YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER");
    });

    test("changes roles and parts with members", async () => {
      const { members } = data(await ana.organization.listMembers({ query: {} }));
      const memberId = members.find((it) => it.user.email === address("bob")).id;
      const role = { memberId, role: "admin", organizationId: organization.id };
      assert.equal(data(await ana.organization.updateMemberRole(role)).role, "admin");
      refused(await bob.organization.updateMemberRole({ ...role, role: "owner" }), 403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER");
      refused(await bob.organization.inviteMember({ email: "x@organization.example", role: "owner" }), 403, "YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE");
      const leave = { organizationId: organization.id };
      refused(await ana.organization.leave(leave), 400, "YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER");
      const removed = data(await ana.organization.removeMember({ memberIdOrEmail: memberId }));
      assert.equal(removed.member.id, memberId);
      assert.equal(await active(bob), null);
      refused(await bob.organization.leave(leave), 400, "MEMBER_NOT_FOUND");
    });

    test("ends it", async () => {
      const it = { organizationId: organization.id };
      refused(await bob.organization.delete(it), 400, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION");
      assert.equal(data(await ana.organization.delete(it)).id, organization.id);
      assert.deepEqual(data(await ana.organization.list()), []);
      assert.equal(await active(ana), null);
    });
  });
}
